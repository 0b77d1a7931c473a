"""Sentences of the services that pages show, marked for the catalogs; those with a part that changes as patterns.

The English ones are the API's and stay as they are.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext_noop as _

FIXED = (
    # Sign-in.
    _("Incorrect username or password."),
    _("User does not exist."),
    _("User is disabled."),
    _("User is not confirmed."),
    _("Password attempts exceeded"),
    _("Password reset required for the user"),
    _("Invalid session for the user."),
    _("Invalid session for the user, session is expired."),
    _("Invalid session for the user, session can only be used once."),
    _("Invalid code or auth state for the user."),
    _("Invalid Access Token"),
    _("Temporary password has expired and must be reset by an administrator."),
    _("The user has no authentication factors that reach a requested authentication level."),
    _("MFA is required, and the user has no MFA method that can be used or set up."),
    _("The user has registered the maximum number of passkeys."),
    _("Unable to login because of security reasons."),
    # Codes.
    _("Invalid verification code provided, please try again."),
    _("Invalid code provided, please request a code again."),
    _("Attempt limit exceeded, please try after some time."),
    _("Too many failed attempts from this address. Try again later."),
    _("Unable to deliver the message."),
    _("The role for SMS messages cannot be assumed."),
    _("Not allowed to send SMS messages with these settings."),
    _("Not allowed to send email with these settings."),
    # Accounts.
    _("User already exists"),
    _("An account with the given email already exists."),
    _("An account with the given phone_number already exists."),
    _("Username/client id combination not found."),
    _("User is already confirmed."),
    _("Auto verification not turned on."),
    _("SignUp is not permitted for this user pool"),
    _("Unable to sign up because of security reasons."),
    _("This operation is not available in a secondary Region."),
    _("A user without a password needs an email address or phone number that sign-in codes can be sent to."),
    _("Username should be an email."),
    _("Username should be a phone number."),
    _("Username should be either an email or a phone number."),
    _("Username cannot be of email format, since user pool is configured for email alias."),
    _("Username cannot be of phone number format, since user pool is configured for phone_number alias."),
    _("Cannot provide preferred_username at sign-up: it is an alias of this user pool."),
    _("A client attempted to write unauthorized attribute"),
    _("Invalid email address format."),
    _("Invalid phone number format."),
    # Passwords.
    _("Missing required parameter password"),
    _("Contact administrator to reset password."),
    _("Cannot reset password for the user as there is no registered/verified email or phone_number"),
    _("User password cannot be reset in the current state."),
    _("Password has previously been used"),
    _("Provided password cannot be used for security reasons."),
    # Reasons, see below.
    _("Password not long enough"),
    _("Password must have uppercase characters"),
    _("Password must have lowercase characters"),
    _("Password must have numeric characters"),
    _("Password must have symbol characters"),
    _("Password too long"),
    _("The attribute is required"),
    _("The attribute value must be a boolean"),
    _("The attribute value must be a number"),
    _("The attribute cannot be set directly"),
    _("Attribute does not exist in the schema."),
    _("Invalid birthdate format, should be: YYYY-MM-DD"),
    _("Unrecognizable lambda output"),
)

REASONS = re.compile(r"([\w:.-]+): (.+?)\s*(?:\n|\Z)")
"""What is wrong with an attribute, in a list of such."""

PATTERNS = tuple(
    (re.compile(pattern, re.DOTALL), wanted)
    for pattern, wanted in (
        (r"We sent a new code to (?P<destination>.+)\.", _("We sent a new code to %(destination)s.")),
        (
            r"Password (?:did not conform with|does not conform to) policy: (?P<reason>.+)",
            _("Password did not conform with policy: %(reason)s"),
        ),
        (
            r"Attributes did not conform to the schema: (?P<reasons>.+)",
            _("Attributes did not conform to the schema: %(reasons)s"),
        ),
        (
            r"String must be at least (?P<limit>\S+) characters long",
            _("String must be at least %(limit)s characters long"),
        ),
        (
            r"String must be no longer than (?P<limit>\S+) characters",
            _("String must be no longer than %(limit)s characters"),
        ),
        (r"Number must be no less than (?P<limit>\S+)", _("Number must be no less than %(limit)s")),
        (r"Number must be no more than (?P<limit>\S+)", _("Number must be no more than %(limit)s")),
        (
            r"Invalid attributes given, (?P<attribute>\S+) is missing",
            _("Invalid attributes given, %(attribute)s is missing"),
        ),
        (r"Cannot modify an already provided (?P<attribute>\S+)", _("Cannot modify an already provided %(attribute)s")),
        (r"Missing required parameter (?P<attribute>\S+)", _("Missing required parameter %(attribute)s")),
        (
            r"User cannot be confirmed\. Current status is (?P<status>\w+)",
            _("User cannot be confirmed. Current status is %(status)s"),
        ),
        (
            r"Exception migrating user in app client (?P<client>.+)",
            _("Exception migrating user in app client %(client)s"),
        ),
        (r"(?P<function>\w+) failed with error (?P<error>.+)\.", _("%(function)s failed with error %(error)s.")),
        (
            r"(?P<function>\w+) invocation failed due to error (?P<error>.+)\.",
            _("%(function)s invocation failed due to error %(error)s."),
        ),
    )
)
