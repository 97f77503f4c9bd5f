import django.db.models.deletion
from django.db import migrations, models

import notifier.delivery.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Pause",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.CharField(blank=True, max_length=20, unique=True, verbose_name="source"),
                ),
                ("since", models.DateTimeField(verbose_name="depuis")),
                ("who", models.CharField(max_length=150, verbose_name="par")),
            ],
            options={
                "verbose_name": "suspension des envois",
                "verbose_name_plural": "suspensions des envois",
                "ordering": ("since",),
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("topic", models.CharField(max_length=40, verbose_name="objet")),
                ("revision", models.PositiveSmallIntegerField(verbose_name="révision")),
                (
                    "channel",
                    models.CharField(
                        choices=[("sms", "SMS"), ("email", "courriel")],
                        max_length=5,
                        verbose_name="canal",
                    ),
                ),
                ("address", models.CharField(max_length=254, verbose_name="adresse")),
                ("incident_id", models.BigIntegerField(null=True, verbose_name="affaire")),
                (
                    "source",
                    models.CharField(blank=True, default="", max_length=20, verbose_name="source"),
                ),
                ("recipient", models.CharField(max_length=40, verbose_name="destinataire")),
                ("title", models.CharField(max_length=80, verbose_name="qualité")),
                (
                    "lane",
                    models.CharField(
                        choices=[("urgent", "urgent"), ("routine", "courant")],
                        max_length=7,
                        verbose_name="file",
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=200, verbose_name="sujet")),
                ("body", models.TextField(verbose_name="texte")),
                ("html", models.TextField(blank=True, verbose_name="HTML")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "en attente"),
                            ("sending", "en cours d’envoi"),
                            ("accepted", "remis à l’opérateur"),
                            ("delivered", "reçu"),
                            ("read", "lu"),
                            ("undelivered", "non reçu"),
                            ("expired", "périmé"),
                            ("cancelled", "retiré"),
                            ("failed", "refusé"),
                            ("unknown", "sort inconnu"),
                        ],
                        default="pending",
                        max_length=11,
                        verbose_name="état",
                    ),
                ),
                (
                    "reported_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="transmis le"),
                ),
                ("created_at", models.DateTimeField(verbose_name="créé le")),
                ("expires_at", models.DateTimeField(verbose_name="périmé après")),
                ("due_at", models.DateTimeField(null=True, verbose_name="à revoir le")),
                ("claim", models.CharField(blank=True, max_length=32, verbose_name="prise")),
                ("claimed_at", models.DateTimeField(null=True, verbose_name="prise le")),
                (
                    "attempt_count",
                    models.PositiveSmallIntegerField(default=0, verbose_name="tentatives"),
                ),
                ("provider", models.CharField(blank=True, max_length=10, verbose_name="opérateur")),
                (
                    "provider_id",
                    models.CharField(
                        blank=True, max_length=64, verbose_name="numéro chez l’opérateur"
                    ),
                ),
                (
                    "error_code",
                    models.CharField(blank=True, max_length=20, verbose_name="code d’erreur"),
                ),
                (
                    "token",
                    models.CharField(
                        default=notifier.delivery.models.new_token,
                        editable=False,
                        max_length=32,
                        verbose_name="jeton",
                    ),
                ),
                ("blocked_since", models.DateTimeField(null=True, verbose_name="bloqué depuis")),
                ("accepted_at", models.DateTimeField(null=True, verbose_name="remis le")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="terminé le")),
                ("superseded_at", models.DateTimeField(null=True, verbose_name="remplacé le")),
                ("paused_at", models.DateTimeField(null=True, verbose_name="suspendu le")),
                ("is_followed_up", models.BooleanField(default=False, verbose_name="suite donnée")),
                (
                    "delay",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "rien"),
                            (1, "dit à la permanence"),
                            (2, "passé à la personne suivante"),
                        ],
                        default=0,
                        verbose_name="retard",
                    ),
                ),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "ordering": ("-id",),
                "indexes": [
                    models.Index(fields=["address", "created_at"], name="delivery_address"),
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["lane", "due_at"],
                        name="delivery_pending",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("state__in", ["sending", "unknown", "accepted"]),
                            ("due_at__isnull", False),
                        ),
                        fields=["due_at"],
                        name="delivery_open",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("state", "unknown"),
                            models.Q(("attempt_count__gt", 0), ("state", "pending")),
                            _connector="OR",
                        ),
                        fields=["created_at"],
                        name="delivery_unsent",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("state__in", ["delivered", "read"]), ("due_at__isnull", False)
                        ),
                        fields=["due_at"],
                        name="delivery_late",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("state__in", ["undelivered", "expired", "failed"]),
                            ("is_followed_up", False),
                        ),
                        fields=["id"],
                        name="delivery_failed",
                    ),
                    models.Index(
                        condition=models.Q(("provider_id", ""), _negated=True),
                        fields=["provider_id"],
                        name="delivery_provider",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("topic", "revision", "channel", "address"),
                        name="delivery_message_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="numéro")),
                ("started_at", models.DateTimeField(verbose_name="commencé le")),
                ("ended_at", models.DateTimeField(verbose_name="terminé le")),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("accepted", "remis"),
                            ("retry", "à réessayer"),
                            ("permanent", "refusé"),
                            ("unknown", "sort inconnu"),
                        ],
                        max_length=9,
                        verbose_name="résultat",
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=20, verbose_name="code d’erreur")),
                ("detail", models.TextField(blank=True, verbose_name="détail")),
                (
                    "provider_id",
                    models.CharField(
                        blank=True, max_length=64, verbose_name="numéro chez l’opérateur"
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="delivery.message",
                    ),
                ),
            ],
            options={
                "verbose_name": "tentative",
                "verbose_name_plural": "tentatives",
                "ordering": ("id",),
            },
        ),
    ]
