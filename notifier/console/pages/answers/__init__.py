"""The pages behind the link of a text: the alert, what is answered to it, one's own preferences."""
