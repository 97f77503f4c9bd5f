"""What no page may do: an error in the console, a refusal by its policy, a lost request."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response


class Watch:
    """Collects the faults of a page; `expected` statuses are no faults."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        self.expected: set[int] = set()
        page.on("console", self._hear)
        page.on("pageerror", self._note_error)
        page.on("requestfailed", self._note_failure)
        page.on("response", self._note_response)

    def take(self) -> list[str]:
        """Return the faults so far, and start anew."""
        faults, self.faults = self.faults, []
        return faults

    def _hear(self, message: ConsoleMessage) -> None:
        # A refused answer is noted as such, with its address.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _note_error(self, error: Error) -> None:
        self.faults.append(f"script: {error}")

    def _note_failure(self, request: Request) -> None:
        # Whoever leaves a page takes back what it still asked for.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"{request.method} {request.url}: {request.failure}")

    def _note_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.faults.append(f"{response.request.method} {response.url}: {response.status}")
