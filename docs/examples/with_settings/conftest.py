import pytest


@pytest.fixture(scope="session")
def smtpserver_settings():
    return {"hostname": "mail.example.org", "max_message_size": 10_000_000}
