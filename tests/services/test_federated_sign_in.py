"""What every protocol of federation shares: transactions, mapping, the user of an identity, triggers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from cognito_app.core import clock
from cognito_app.errors import AliasExistsException, InvalidParameterException, NotAuthorizedException, ServiceError
from cognito_app.models import AuthEvent, BrowserSession, FederationTransaction, GroupMembership, PoolUser
from cognito_app.services import upkeep
from cognito_app.services.federated_sign_in import mapping, refusals, transactions
from cognito_app.services.federated_sign_in.refusals import FederationRefused, TransactionLost
from tests.clients.providers import at, link
from tests.conftest import App, Inbox, make_app
from tests.services.federation import ACTOR, Federation

pytestmark = pytest.mark.django_db


@pytest.fixture
def corp(app: App) -> Federation:
    """A pool with a provider."""
    return Federation(app)


class TestTransactions:
    """A sign-in between its two redirects."""

    def begin(self, corp: Federation, browser: str, **changes: str) -> str:
        state = transactions.new_state()
        transactions.begin(
            corp.pool,
            corp.client,
            corp.name,
            corp.request(**changes),
            state=state,
            browser=browser,
            query="a=1",
            data={"nonce": "n"},
        )
        return state

    def test_it_gives_back_what_it_was_begun_with(self, corp: Federation) -> None:
        browser = transactions.new_browser()
        found = transactions.claim(corp.pool, self.begin(corp, browser, max_age="60"), browser)
        assert found.request == corp.request(max_age="60")
        assert (found.client_id, found.provider_name) == (corp.client.id, "Corp")
        assert (found.query, found.data, found.expired) == ("a=1", {"nonce": "n"}, False)

    def test_it_is_spent_by_the_first_answer(self, corp: Federation) -> None:
        browser = transactions.new_browser()
        state = self.begin(corp, browser)
        transactions.claim(corp.pool, state, browser)
        with pytest.raises(TransactionLost):
            transactions.claim(corp.pool, state, browser)

    @pytest.mark.parametrize("browser", [None, "", "x", "b" * 43, "ü" * 43])
    def test_another_browser_cannot_spend_it(self, corp: Federation, browser: str | None) -> None:
        own = transactions.new_browser()
        state = self.begin(corp, own)
        with pytest.raises(TransactionLost):
            transactions.claim(corp.pool, state, browser)
        assert transactions.claim(corp.pool, state, own).provider_name == "Corp"

    @pytest.mark.parametrize("state", ["", "x", "s" * 43, "\x00" * 43, "ü" * 43, "s" * 5000])
    def test_an_unknown_state_is_refused(self, corp: Federation, state: str) -> None:
        with pytest.raises(TransactionLost):
            transactions.claim(corp.pool, state, transactions.new_browser())

    def test_another_pool_does_not_know_it(self, corp: Federation, idp: Any, inbox: Inbox) -> None:
        other = Federation(make_app(idp, inbox))
        browser = transactions.new_browser()
        state = self.begin(corp, browser)
        with pytest.raises(TransactionLost):
            transactions.claim(other.pool, state, browser)

    def test_two_tabs_of_a_browser_go_their_own_ways(self, corp: Federation) -> None:
        browser = transactions.new_browser()
        first, second = self.begin(corp, browser, state="one"), self.begin(corp, browser, state="two")
        assert transactions.claim(corp.pool, second, browser).request.state == "two"
        assert transactions.claim(corp.pool, first, browser).request.state == "one"

    def test_after_five_minutes_it_is_only_good_to_start_again(self, corp: Federation) -> None:
        browser = transactions.new_browser()
        state = self.begin(corp, browser)
        with time_machine.travel(clock.now() + timedelta(minutes=5, seconds=1)):
            assert transactions.claim(corp.pool, state, browser).expired

    def test_neither_state_nor_cookie_nor_request_are_stored_in_clear(self, corp: Federation) -> None:
        browser = transactions.new_browser()
        state = self.begin(corp, browser)
        row = FederationTransaction.objects.get()
        stored = bytes(row.sealed) + bytes(row.state_hash) + bytes(row.browser_hash)
        for secret in (state, browser, "a b/ü%20", corp.site.request()["redirect_uri"]):
            assert secret.encode() not in stored

    def test_what_is_sealed_for_one_cannot_be_moved_to_another(self, corp: Federation) -> None:
        browser = transactions.new_browser()
        first, second = self.begin(corp, browser), self.begin(corp, browser)
        sealed = [bytes(row.sealed) for row in FederationTransaction.objects.order_by("created_at")]
        rows = FederationTransaction.objects.order_by("created_at")
        rows.filter(pk=rows[0].pk).update(sealed=sealed[1])
        with pytest.raises(TransactionLost):
            transactions.claim(corp.pool, first, browser)
        assert transactions.claim(corp.pool, second, browser).query == "a=1"

    def test_upkeep_removes_old_ones(self, corp: Federation) -> None:
        self.begin(corp, transactions.new_browser())
        upkeep.sweep()
        assert FederationTransaction.objects.count() == 1
        with time_machine.travel(clock.now() + timedelta(hours=2)):
            upkeep.sweep()
        assert not FederationTransaction.objects.exists()


class TestMapping:
    """FE-9 to FE-13."""

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("plain", "plain"),
            (True, "true"),
            (False, "false"),
            (17, "17"),
            (1.5, "1.5"),
            (10**30, str(10**30)),
            (["a", "b c", "d&e", "x.-*_y~"], "[a,b+c,d%26e,x.-*_y%7E]"),
            (["Köln", "b"], "[K%C3%B6ln,b]"),
            (["one"], "one"),
            ([], ""),
            ("  ", ""),
            ({"locality": "Köln"}, '{"locality":"Köln"}'),
            ([1, None, True], "[1,,true]"),
        ],
    )
    def test_claims_become_texts(self, value: Any, text: str) -> None:
        assert mapping.text_of("name", value) == text

    @pytest.mark.parametrize("value", ["x" * 2049, "a\x00b", "\ud800", ["x" * 1024, "y" * 1024]])
    def test_what_cannot_be_stored_ends_the_sign_in(self, corp: Federation, value: Any) -> None:
        with pytest.raises(FederationRefused):
            corp.sign_in(name=value)
        assert not PoolUser.objects.exists()

    def test_a_value_of_2048_characters_is_stored(self, corp: Federation) -> None:
        corp.sign_in(name="x" * 2048)
        assert corp.user().attributes["name"] == "x" * 2048

    def test_mapped_claims_are_stored_and_others_are_not(self, corp: Federation) -> None:
        corp.sign_in(mail="ann@example.com", name="Ann", nickname="A", **{"custom:role": "admin"})
        found = corp.user().attributes
        assert {name: found[name] for name in ("email", "email_verified", "name")} == {
            "email": "ann@example.com",
            "email_verified": "false",
            "name": "Ann",
        }
        assert set(found) == {"sub", "email", "email_verified", "name", "identities"}

    def test_later_sign_ins_overwrite_keep_what_is_absent_and_erase_what_is_blank(self, corp: Federation) -> None:
        corp.sign_in(mail="ann@example.com", name="Ann")
        corp.sign_in(name="Anna")
        assert corp.user().attributes["name"] == "Anna"
        assert corp.user().attributes["email"] == "ann@example.com"
        corp.sign_in(mail="", name="Anna")
        assert "email" not in corp.user().attributes
        assert "email_verified" not in corp.user().attributes

    def test_an_address_that_changes_is_no_longer_verified(self, corp: Federation) -> None:
        corp.sign_in(mail="ann@example.com")
        given = [{"Name": "email_verified", "Value": "true"}]
        corp.app.idp.admin_update_user_attributes(
            UserPoolId=corp.app.pool_id, Username="Corp_u-1", UserAttributes=given
        )
        corp.sign_in(mail="ann@example.com")
        assert corp.user().attributes["email_verified"] == "true"
        corp.sign_in(mail="ann@example.org")
        assert corp.user().attributes["email_verified"] == "false"

    def test_the_provider_says_what_is_verified_where_the_mapping_says_so(self, app: App) -> None:
        corp = Federation(app, {"email": "email", "email_verified": "email_verified"}, WriteAttributes=["email"])
        corp.sign_in(email="ann@example.com", email_verified=True)
        assert corp.user().attributes["email_verified"] == "true"

    def test_what_the_client_may_not_write_is_skipped(self, app: App) -> None:
        corp = Federation(app, WriteAttributes=["email"])
        corp.sign_in(mail="ann@example.com", name="Ann")
        assert "name" not in corp.user().attributes

    def test_tokens_can_be_mapped_to_a_custom_attribute(self, idp: Any, inbox: Inbox) -> None:
        schema = [{"Name": "at", "AttributeDataType": "String", "Mutable": True}]
        app = make_app(idp, inbox, Schema=schema)
        corp = Federation(app, {"custom:at": "access_token"}, WriteAttributes=["custom:at"])
        corp.sign_in()
        assert corp.user().attributes["custom:at"] == "at-1"

    def test_a_required_attribute_must_come(self, idp: Any, inbox: Inbox) -> None:
        schema = [{"Name": "email", "Required": True}, {"Name": "name", "Required": True}]
        corp = Federation(make_app(idp, inbox, Schema=schema))
        with pytest.raises(FederationRefused) as caught:
            corp.sign_in()
        assert caught.value.message == "attributes required: [email, name]"
        assert not PoolUser.objects.exists()

    def test_an_immutable_attribute_can_be_set_once(self, idp: Any, inbox: Inbox) -> None:
        schema = [{"Name": "role", "AttributeDataType": "String", "Mutable": False}]
        app = make_app(idp, inbox, Schema=schema)
        corp = Federation(app, {"custom:role": "role"}, WriteAttributes=["custom:role"])
        corp.sign_in(role="clerk")
        corp.sign_in()
        with pytest.raises(InvalidParameterException) as caught:
            corp.sign_in(role="boss")
        assert caught.value.message == "user.custom:role: Attribute cannot be updated."
        assert corp.user().attributes["custom:role"] == "clerk"

    @pytest.mark.parametrize("mail", ["no address", "a@b@c", "x@"])
    def test_a_value_that_the_schema_refuses_ends_the_sign_in(self, corp: Federation, mail: str) -> None:
        with pytest.raises(InvalidParameterException):
            corp.sign_in(mail=mail)
        assert not PoolUser.objects.exists()


class TestUsers:
    """Whose session it becomes."""

    def test_the_first_sign_in_makes_the_user(self, corp: Federation) -> None:
        signed_in = corp.sign_in(mail="ann@example.com")
        user = corp.user()
        assert (user.status, user.enabled, user.password_hash) == ("EXTERNAL_PROVIDER", True, None)
        assert signed_in.proof.user.pk == user.pk
        assert signed_in.proof.methods == ("fed",)
        assert corp.links() == [("Corp_u-1", "Cognito_Subject", "u-1", True)]
        listed = json.loads(user.attributes["identities"])
        assert [(item["userId"], item["providerName"], item["primary"]) for item in listed] == [("u-1", "Corp", True)]
        names = GroupMembership.objects.filter(user=user).values_list("group__name", flat=True)
        assert list(names) == [f"{corp.app.pool_id}_Corp"]

    def test_the_session_knows_its_provider(self, corp: Federation) -> None:
        corp.arrive_as(corp.identity(), session={"name_id": "x"})
        row = BrowserSession.objects.get()
        assert (row.provider, row.provider_session, row.methods) == ("Corp", {"name_id": "x"}, ["fed"])

    def test_the_second_sign_in_finds_the_user(self, corp: Federation) -> None:
        first, second = corp.sign_in(), corp.sign_in()
        assert first.proof.user.pk == second.proof.user.pk
        assert PoolUser.objects.count() == 1
        assert AuthEvent.objects.filter(type="SignIn", response="Pass").count() == 2

    def test_subjects_that_differ_in_case_are_two_users(self, corp: Federation) -> None:
        corp.sign_in("abc")
        corp.sign_in("ABC")
        assert sorted(PoolUser.objects.values_list("username", flat=True)) == ["Corp_ABC", "Corp_abc"]

    def test_a_pool_that_ignores_case_has_names_in_lower_case(self, idp: Any, inbox: Inbox) -> None:
        corp = Federation(make_app(idp, inbox, UsernameConfiguration={"CaseSensitive": False}))
        corp.sign_in("Ab1")
        assert corp.user("corp_ab1").status == "EXTERNAL_PROVIDER"
        corp.sign_in("Ab1")
        with pytest.raises(FederationRefused):
            corp.sign_in("aB1")
        assert PoolUser.objects.count() == 1

    def test_a_local_user_of_that_name_is_not_taken_over(self, corp: Federation) -> None:
        corp.app.sign_up("Corp_u-1")
        with pytest.raises(FederationRefused) as caught:
            corp.sign_in()
        assert caught.value.message == "Already found an entry for username Corp_u-1"
        assert corp.links() == []

    @pytest.mark.parametrize("subject", [None, "", " ", 7, ["a"], {"a": 1}, True, "x" * 257, "x" * 124, "a\x00", "a\n"])
    def test_without_a_name_nobody_signs_in(self, corp: Federation, subject: Any) -> None:
        with pytest.raises(FederationRefused):
            corp.identity(subject)

    def test_a_disabled_user_is_refused(self, corp: Federation) -> None:
        corp.sign_in()
        corp.app.idp.admin_disable_user(UserPoolId=corp.app.pool_id, Username="Corp_u-1")
        with pytest.raises(NotAuthorizedException):
            corp.sign_in()
        assert BrowserSession.objects.count() == 1

    def test_a_deleted_user_is_made_anew(self, corp: Federation) -> None:
        first = corp.sign_in().proof.user
        corp.app.idp.admin_delete_user(UserPoolId=corp.app.pool_id, Username="Corp_u-1")
        assert corp.sign_in().proof.user.sub != first.sub

    def test_a_provider_that_the_client_no_longer_has_is_refused(self, corp: Federation) -> None:
        identity = corp.identity()
        corp.app.idp.update_user_pool_client(
            UserPoolId=corp.app.pool_id, ClientId=corp.client.id, SupportedIdentityProviders=["COGNITO"]
        )
        with pytest.raises(FederationRefused):
            corp.arrive_as(identity)
        assert not PoolUser.objects.exists()

    def test_an_address_in_use_belongs_to_who_has_it(self, idp: Any, inbox: Inbox) -> None:
        app = make_app(idp, inbox, AliasAttributes=["email"])
        corp = Federation(app, {"email": "email", "email_verified": "email_verified"})
        app.sign_up("ann")
        corp.sign_in(email="ann@example.com", email_verified=True)
        assert corp.user().attributes["email"] == "ann@example.com"
        found = idp.admin_get_user(UserPoolId=app.pool_id, Username="ann@example.com")
        assert found["Username"] == "ann"
        assert app.sign_in("ann@example.com")["AccessToken"]


class TestLinks:
    """AdminLinkProviderForUser and the sign-in."""

    def test_a_linked_subject_signs_in_as_the_local_user(self, corp: Federation) -> None:
        corp.app.sign_up("ann")
        link(corp.app, at("Corp", "u-1", "Cognito_Subject"), "ann")
        signed_in = corp.sign_in(mail="new@example.com")
        assert signed_in.proof.user.username == "ann"
        assert corp.user("ann").attributes["email"] == "new@example.com"
        assert corp.user("ann").status == "CONFIRMED"
        assert PoolUser.objects.count() == 1
        assert not GroupMembership.objects.exists()

    def test_a_linked_attribute_is_bound_to_the_subject(self, corp: Federation) -> None:
        corp.app.sign_up("ann")
        link(corp.app, at("Corp", "ann@corp.example", "email"), "ann")
        assert corp.sign_in("u-1", mail="ann@corp.example").proof.user.username == "ann"
        assert corp.links() == [("ann", "Cognito_Subject", "u-1", False)]
        assert json.loads(corp.user("ann").attributes["identities"])[0]["userId"] == "u-1"
        # Whoever has the address at the provider later is another.
        assert corp.sign_in("u-2", mail="ann@corp.example").proof.user.username == "Corp_u-2"

    def test_an_attribute_that_the_client_may_not_write_still_tells_who_it_is(self, app: App) -> None:
        corp = Federation(app, WriteAttributes=["name"])
        app.sign_up("ann")
        link(app, at("Corp", "ann@corp.example", "email"), "ann")
        assert corp.sign_in("u-1", mail="ann@corp.example").proof.user.username == "ann"
        assert corp.user("ann").attributes["email"] == "ann@example.com"

    def test_another_value_or_attribute_does_not_lead_there(self, corp: Federation) -> None:
        corp.app.sign_up("ann")
        link(corp.app, at("Corp", "ann@corp.example", "email"), "ann")
        assert corp.sign_in("u-1", mail="bob@corp.example").proof.user.username == "Corp_u-1"
        assert corp.sign_in("u-2", name="ann@corp.example").proof.user.username == "Corp_u-2"

    def test_links_to_two_users_lead_to_none(self, corp: Federation) -> None:
        corp.app.sign_up("ann")
        corp.app.sign_up("bob")
        link(corp.app, at("Corp", "x@corp.example", "email"), "ann")
        link(corp.app, at("Corp", "X", "name"), "bob")
        with pytest.raises(FederationRefused):
            corp.sign_in("u-1", mail="x@corp.example", name="X")
        assert len(corp.links()) == 2

    def test_a_provider_of_another_type_under_an_old_name_finds_nobody(self, corp: Federation) -> None:
        corp.sign_in()
        identity = corp.identity()
        identity.provider.type = "SAML"
        with pytest.raises(FederationRefused):
            corp.arrive_as(identity)

    def test_an_alias_in_use_ends_the_sign_in(self, idp: Any, inbox: Inbox) -> None:
        app = make_app(idp, inbox, AliasAttributes=["email"])
        corp = Federation(app, {"email": "email", "email_verified": "email_verified"})
        app.sign_up("ann")
        app.sign_up("bob")
        link(app, at("Corp", "u-1", "Cognito_Subject"), "bob")
        with pytest.raises(AliasExistsException):
            corp.sign_in(email="ann@example.com", email_verified=True)
        assert corp.user("bob").attributes["email"] == "bob@example.com"


class TestWords:
    """What clients are told."""

    @pytest.mark.parametrize(
        ("error", "code", "description"),
        [
            (FederationRefused('a\x00b\n"c"\\'), "invalid_request", "a b c"),
            (FederationRefused("x", "server_error"), "server_error", "x"),
            (refusals.told_by_provider("access_denied", "No <b>thanks</b>"), "access_denied", "No <b>thanks</b>"),
            (refusals.told_by_provider("ACCESS\r\nX: y", ""), "invalid_request", "ACCESS X: y"),
            (NotAuthorizedException("User is disabled."), "invalid_request", "User is disabled."),
            (FederationRefused("x" * 5000), "invalid_request", "x" * 500),
        ],
    )
    def test_errors_go_back_in_clean_words(
        self, corp: Federation, error: ServiceError, code: str, description: str
    ) -> None:
        told = refusals.to_client(error, corp.request())
        assert (told.error, told.description, told.to.state) == (code, description, "a b/ü%20")


def test_actor_is_kept_with_the_event(corp: Federation) -> None:
    corp.sign_in()
    event = AuthEvent.objects.get(type="SignIn")
    assert (event.ip_address, event.challenges) == (ACTOR.ip, [])
