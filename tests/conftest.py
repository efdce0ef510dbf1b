"""What holds for all tests: how long an example of hypothesis takes tells how busy the machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "busy", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")
