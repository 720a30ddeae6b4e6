"""The settings that conftest.py gives reach the servers of the tests beside it."""


def test_the_conftest_has_set_the_server_up(smtpserver):
    assert smtpserver.hostname == "mail.example.org"
    assert smtpserver.settings.max_message_size == 10_000_000
