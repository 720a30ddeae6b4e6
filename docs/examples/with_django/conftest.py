"""What pytest-django does from a project's settings."""

from django.conf import settings

if not settings.configured:
    settings.configure()
