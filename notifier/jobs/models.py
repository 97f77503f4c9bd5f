"""The heartbeats, as stored."""

from django.db import models


class Heartbeat(models.Model):
    """A running worker or beat process, and when it was last seen."""

    process = models.CharField("processus", max_length=120, primary_key=True)
    """Host and process id: two processes never share a row."""
    role = models.CharField("rôle", max_length=10)
    queues = models.JSONField("files", default=list)
    started_at = models.DateTimeField("lancé le")
    seen_at = models.DateTimeField("vu le")

    class Meta:
        verbose_name = "processus"
        verbose_name_plural = "processus"
        ordering = ("process",)

    def __str__(self) -> str:
        return f"{self.role} {self.process}"
