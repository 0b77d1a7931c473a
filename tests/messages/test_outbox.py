"""The outbox: order, tries, dead letters, what is void before it is sent."""

from __future__ import annotations

import re
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from cognito_app.messages.templates import EMAIL, SMS, Message
from cognito_app.models import OutboxMessage, PoolUser
from cognito_app.services import outbox
from tests.clients.parallel import in_parallel
from tests.clients.smtp import MailServer
from tests.conftest import App, refused
from tests.messages.test_mail import ANN, confirmed, sign_up

LATER = "451 4.3.0 later"
NEVER = "550 5.1.1 no such user"


def waiting() -> Any:
    """Return the messages that are to be sent."""
    return OutboxMessage.objects.filter(sent_at=None, failed_at=None).order_by("pk")


def store(user: PoolUser, text: str, to: str = ANN, medium: str = EMAIL, **more: Any) -> OutboxMessage:
    """Store a message that no process sends."""
    row = outbox.enqueue(user, Message("test", medium, to, text, text), **more)
    OutboxMessage.objects.filter(pk=row.pk).update(in_flight=False, tries=0, next_try_at=row.created_at)
    row.refresh_from_db()
    return row


def make_users(app: App, number: int) -> list[PoolUser]:
    """Store users without passwords."""
    for position in range(number):
        name = f"user{position}"
        app.idp.admin_create_user(UserPoolId=app.pool_id, Username=name, MessageAction="SUPPRESS")
    return list(PoolUser.objects.filter(pool_id=app.pool_id).order_by("pk"))


def subjects(mail: MailServer) -> list[str]:
    """Return the subjects in the order that the mails came."""
    return [str(item.message["Subject"]) for item in mail.mails]


@pytest.mark.django_db
def test_a_message_is_sent_once_and_its_code_is_nowhere_in_clear(app: App, mail: MailServer) -> None:
    sign_up(app)
    row = OutboxMessage.objects.get()
    code = re.findall(r"\d{6}", mail.mails[0].part("plain"))[0]
    assert row.sent_at is not None
    assert not row.in_flight
    for value in OutboxMessage.objects.values_list().get():
        assert code not in str(value)
        assert not isinstance(value, bytes | memoryview) or code.encode() not in bytes(value)
    with time_machine.travel(timezone.now() + timedelta(hours=5)):
        assert outbox.deliver_waiting() == 0
    assert len(mail.mails) == 1


@pytest.mark.django_db
def test_what_a_dead_process_left_is_sent_when_its_time_is_over(app: App, mail: MailServer) -> None:
    user = make_users(app, 1)[0]
    outbox.enqueue(user, Message("test", EMAIL, ANN, "left", "left"))
    assert outbox.deliver_waiting() == 0
    with time_machine.travel(timezone.now() + outbox.IN_FLIGHT + timedelta(seconds=1)):
        assert outbox.deliver_waiting() == 1
        assert outbox.deliver_waiting() == 0
    assert subjects(mail) == ["left"]


@pytest.mark.django_db
@pytest.mark.operation("SignUp")
def test_tries_come_in_longer_and_longer_pauses_and_end(app: App, mail: MailServer) -> None:
    mail.answer = lambda recipient: LATER
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        with refused("CodeDeliveryFailureException"):
            sign_up(app)
        pauses = []
        while (row := OutboxMessage.objects.get()).failed_at is None:
            assert row.last_error == "SMTPRecipientsRefused"
            pause = row.next_try_at - timezone.now()
            clock.shift(pause - timedelta(seconds=1))
            assert (outbox.deliver_waiting(), OutboxMessage.objects.get().tries) == (0, row.tries)
            clock.shift(timedelta(seconds=1))
            outbox.deliver_waiting()
            pauses.append(pause.total_seconds())
        assert pauses == [30, 60, 120, 240, 480, 960, 1920]
        assert row.tries == outbox.MAX_TRIES
        mail.answer = lambda recipient: "250 OK"
        clock.shift(timedelta(hours=3))
        assert outbox.deliver_waiting() == 0
    assert mail.mails == []


@pytest.mark.django_db
@pytest.mark.operation("ResendConfirmationCode")
def test_a_refusal_for_good_is_a_dead_letter_at_once(app: App, mail: MailServer) -> None:
    mail.answer = lambda recipient: NEVER
    with refused("CodeDeliveryFailureException"):
        sign_up(app)
    row = OutboxMessage.objects.get()
    assert (row.tries, row.failed_at is not None, row.last_error) == (1, True, "SMTPRecipientsRefused")
    mail.answer = lambda recipient: "250 OK"
    mail.content = "554 5.6.0 spam"
    with refused("CodeDeliveryFailureException"):
        app.idp.resend_confirmation_code(ClientId=app.client_id, Username="ann")
    assert OutboxMessage.objects.filter(failed_at=None).count() == 0


@pytest.mark.django_db
def test_a_new_code_takes_the_place_of_one_that_still_waits(app: App, mail: MailServer) -> None:
    mail.answer = lambda recipient: LATER
    with refused("CodeDeliveryFailureException"):
        sign_up(app)
    mail.answer = lambda recipient: "250 OK"
    app.idp.resend_confirmation_code(ClientId=app.client_id, Username="ann")
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert outbox.deliver_waiting() == 0
    (sent,) = mail.mails
    code = re.findall(r"\d{6}", sent.part("plain"))[0]
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code)


@pytest.mark.django_db
def test_a_message_waits_for_the_older_ones_of_its_user(app: App, mail: MailServer) -> None:
    ann, bob = make_users(app, 2)
    mail.answer = lambda recipient: LATER
    for text in ("first", "second"):
        store(ann, text)
    outbox.deliver_waiting()
    mail.answer = lambda recipient: "250 OK"
    store(bob, "other user", to="bob@example.com")
    store(ann, "third")
    assert outbox.deliver_waiting() == 1
    assert subjects(mail) == ["other user"]
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert outbox.deliver_waiting() == 3
    assert subjects(mail) == ["other user", "first", "second", "third"]


@pytest.mark.django_db
def test_a_request_sends_what_waits_before_its_own_message(app: App, mail: MailServer) -> None:
    token = confirmed(app, mail)
    user = PoolUser.objects.get()
    mail.answer = lambda recipient: LATER
    store(user, "older")
    outbox.deliver_waiting()
    mail.answer = lambda recipient: "250 OK"
    app.idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    assert subjects(mail)[1:] == ["older", "Your verification code"]
    assert not waiting().exists()


@pytest.mark.django_db
def test_a_request_leaves_its_message_to_the_worker_while_an_older_one_is_on_its_way(
    app: App, mail: MailServer
) -> None:
    token = confirmed(app, mail)
    older = outbox.enqueue(PoolUser.objects.get(), Message("test", EMAIL, ANN, "older", "older"))
    app.idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    assert len(mail.mails) == 1
    assert outbox.deliver_waiting() == 0
    outbox.deliver(older)
    assert outbox.deliver_waiting() == 1
    assert subjects(mail)[1:] == ["older", "Your verification code"]


@pytest.mark.django_db
def test_media_do_not_wait_for_each_other(app: App, mail: MailServer, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "OUTBOX_DIR": None}
    user = make_users(app, 1)[0]
    store(user, "by text message", to="+15550001111", medium=SMS)
    store(user, "by mail")
    assert outbox.deliver_waiting() == 1
    assert subjects(mail) == ["by mail"]


@pytest.mark.django_db
def test_what_is_void_is_not_sent(app: App, mail: MailServer) -> None:
    store(make_users(app, 1)[0], "void", lifetime=timedelta(minutes=3))
    with time_machine.travel(timezone.now() + timedelta(minutes=3, seconds=1)):
        assert outbox.deliver_waiting() == 0
    row = OutboxMessage.objects.get()
    assert (row.last_error, row.failed_at is not None) == ("Expired", True)
    assert mail.mails == []


@pytest.mark.django_db
def test_a_message_that_kills_its_process_is_given_up(app: App, mail: MailServer) -> None:
    row = store(make_users(app, 1)[0], "poison")
    OutboxMessage.objects.filter(pk=row.pk).update(tries=outbox.MAX_TRIES)
    outbox.deliver_waiting()
    row.refresh_from_db()
    assert (row.last_error, row.failed_at is not None) == ("Abandoned", True)


@pytest.mark.django_db
def test_a_message_of_a_lost_key_holds_nobody_up(app: App, mail: MailServer) -> None:
    users = make_users(app, 2)
    row = store(users[0], "unreadable")
    OutboxMessage.objects.filter(pk=row.pk).update(body_sealed=b"garbage")
    store(users[1], "fine")
    assert outbox.deliver_waiting() == 1
    row.refresh_from_db()
    assert (row.last_error, row.failed_at is not None) == ("Unreadable", True)


@pytest.mark.django_db
def test_a_broken_channel_ends_the_round(app: App, mail: MailServer) -> None:
    mail.answer = lambda recipient: LATER
    for user in make_users(app, outbox.FAILURES_A_ROUND + 5):
        store(user, "text")
    outbox.deliver_waiting()
    assert waiting().filter(tries=1).count() == outbox.FAILURES_A_ROUND
    assert waiting().filter(tries=0).count() == 5


@pytest.mark.django_db
def test_stop_ends_the_round(app: App, mail: MailServer) -> None:
    store(make_users(app, 1)[0], "text")
    stop = threading.Event()
    stop.set()
    assert outbox.deliver_waiting(stop) == 0
    assert waiting().get().tries == 0


@pytest.mark.django_db
@pytest.mark.operation("AdminResetUserPassword")
@pytest.mark.operation("AdminUpdateUserAttributes")
def test_operations_that_list_no_delivery_failure_leave_it_to_the_worker(app: App, mail: MailServer) -> None:
    confirmed(app, mail)
    mail.answer = lambda recipient: LATER
    app.idp.admin_reset_user_password(UserPoolId=app.pool_id, Username="ann")
    new = [{"Name": "email", "Value": "new@example.com"}]
    app.idp.admin_update_user_attributes(UserPoolId=app.pool_id, Username="ann", UserAttributes=new)
    assert list(waiting().values_list("purpose", flat=True)) == ["password", "email"]


@pytest.mark.django_db(transaction=True)
def test_workers_in_parallel_send_each_message_once_and_in_order(app: App, mail: MailServer) -> None:
    users = make_users(app, 6)
    for number in range(10):
        for user in users:
            store(user, f"{user.username} {number}", to=f"{user.username}@example.com")
    counts = in_parallel(lambda _: outbox.deliver_waiting(), 8)
    # A worker stops when it finds nothing due; what another had in hand then is due a moment later.
    while waiting().exists():
        outbox.deliver_waiting()
    assert sum(counts) <= 60
    assert set(Counter(subjects(mail)).values()) == {1}
    for user in users:
        wanted = [f"{user.username} {number}" for number in range(10)]
        assert [str(item.message["Subject"]) for item in mail.to(f"{user.username}@example.com")] == wanted


@pytest.mark.django_db(transaction=True)
@pytest.mark.operation("GetUserAttributeVerificationCode")
def test_requests_in_parallel_lose_and_double_nothing(app: App, mail: MailServer, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "RATE_LIMITS": False}
    confirmed(app, mail)
    user = PoolUser.objects.get()

    def ask(number: int) -> None:
        outbox.deliver(outbox.enqueue(user, Message("test", EMAIL, ANN, str(number), "text")))

    in_parallel(ask, 12)
    while waiting().exists():
        assert outbox.deliver_waiting()
    assert sorted(subjects(mail)[1:], key=int) == [str(number) for number in range(12)]
    in_database = list(OutboxMessage.objects.filter(purpose="test").order_by("pk").values_list("pk", flat=True))
    assert len(in_database) == 12
