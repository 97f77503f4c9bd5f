"""Twilio's error responses, by their code (twilio.com/docs/api/errors)."""

from __future__ import annotations

from aiohttp import web

_MESSAGES = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource {} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21201: (400, "No 'To' number specified"),
    21205: (400, "Url or Twiml parameter is invalid or missing"),
    21211: (400, "Invalid 'To' Phone Number: {}"),
    21212: (400, "Invalid From Number (caller ID): {}"),
    21213: (400, "Caller phone number is required"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    63038: (429, "Account exceeded the daily messages limit"),
}
_OTHER = (400, "The request was refused with error {}")


class TwilioError(Exception):
    """A request that Twilio would refuse, with the code it would give."""

    def __init__(self, code: int, detail: str = "", retry_after: int | None = None) -> None:
        self.code = code
        self.status, message = _MESSAGES.get(code, _OTHER)
        self.message = message.format(detail or code)
        self.retry_after = retry_after
        super().__init__(f"{code}: {self.message}")

    def response(self) -> web.Response:
        """Return the response as Twilio words it."""
        answer = web.json_response(
            {
                "code": self.code,
                "message": self.message,
                "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
                "status": self.status,
            },
            status=self.status,
        )
        if self.retry_after is not None:
            answer.headers["Retry-After"] = str(self.retry_after)
        return answer
