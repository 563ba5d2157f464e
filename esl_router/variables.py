"""Every channel variable and header of FreeSWITCH that the router touches."""

from __future__ import annotations

# -- headers of the snapshot that `connect` answers ---------------------------------------------
UNIQUE_ID = "Unique-ID"
CORE_UUID = "Core-UUID"
DESTINATION = "Caller-Destination-Number"
CALLER_NAME = "Caller-Caller-ID-Name"
CALLER_NUMBER = "Caller-Caller-ID-Number"
CONTEXT = "Caller-Context"
DIRECTION = "Call-Direction"
ANSWER_STATE = "Answer-State"
CHANNEL_STATE = "Channel-State-Number"
PRIVACY_NUMBER = "Caller-Privacy-Hide-Number"
SOCKET_MODE = "Socket-Mode"
CONTROL = "Control"

# -- variables the switch sets (read as `variable_<name>`) --------------------------------------
SIP_AUTHORIZED = "sip_authorized"
USER_NAME = "user_name"
DOMAIN_NAME = "domain_name"
DIVERSION = "sip_h_Diversion"
HISTORY_INFO = "sip_history_info"
HISTORY = "sip_h_History-Info"
SIP_FROM_USER = "sip_from_user"
ORIGINATE_CAUSES = "originate_causes"
ORIGINATE_DISPOSITION = "originate_disposition"
BRIDGE_HANGUP_CAUSE = "bridge_hangup_cause"
REDIRECT_USER = "sip_redirect_contact_user_0"
FAILURE_STATUS = "sip_invite_failure_status"
VOICEMAIL_RESULT = "voicemail_action"
LAST_BRIDGE = "last_bridge_to"

# -- variables the router sets ------------------------------------------------------------------
DISABLE_EXPANSION = "app_disable_expand_variables"
CONTINUE_ON_FAIL = "continue_on_fail"
HANGUP_AFTER_BRIDGE = "hangup_after_bridge"
IGNORE_REMOTE_CAUSE = "sip_ignore_remote_cause"
IGNORE_EARLY_MEDIA = "ignore_early_media"
PRESERVE_ORIGINATED = "preserve_originated_vars"
FAIL_ON_SINGLE_REJECT = "fail_on_single_reject"
ORIGINATE_TIMEOUT = "originate_timeout"
ORIGINATION_UUID = "origination_uuid"
ORIGINATION_NUMBER = "origination_caller_id_number"
ORIGINATION_NAME = "origination_caller_id_name"
ORIGINATION_PRIVACY = "origination_privacy"
PRIVACY = "sip_h_Privacy"
TRAIL = "sip_h_X-ESLR-Trace"
ASSERTED_IDENTITY = "sip_h_P-Asserted-Identity"
FROM_DISPLAY = "sip_from_display"
IDENTITY_HEADER = "sip_cid_type"
IGNORE_DISPLAY = "ignore_display_updates"
CALLEE_NUMBER = "origination_callee_id_number"
CALLEE_NAME = "origination_callee_id_name"
IGNORE_REMOTE_ID = "sip_ignore_remote_cid"
ALERT_INFO = "alert_info"
AUTO_ANSWER = "sip_auto_answer"
LOCAL_FIRST = "local_var_clobber"
API_ON_ORIGINATE = "api_on_originate"
API_ON_ANSWER = "api_on_answer"
LEG_DELAY = "leg_delay_start"
LEG_TIMEOUT = "leg_timeout"
PRESENCE_ID = "presence_id"
PRESENCE_DATA = "presence_data"
REDIRECT_FATAL = "outbound_redirect_fatal"
ON_ORIGINATE = "execute_on_originate"
CONFIRM_KEY = "group_confirm_key"
CONFIRM_FILE = "group_confirm_file"
CONFIRM_TIMEOUT = "group_confirm_timeout"
GREETING_NUMBER = "voicemail_greeting_number"
SKIP_GREETING = "skip_greeting"
SKIP_INSTRUCTIONS = "skip_instructions"

# -- the router's own ---------------------------------------------------------------------------
ROUTED = "eslr_routed"
"""Set on the caller's leg once the router has taken the call: the dialplan's fallback then no
longer rings anybody."""

MAILBOX = "eslr_mailbox"
"""The box that takes a routed call whose router died while phones rang."""

GREETING = "eslr_greeting"
"""``busy`` or ``unavailable``: how a mailbox without a recording of its own is to greet."""

DEVICE = "eslr_device"
"""On a leg to a phone: the account it belongs to. Only the router sets it, so a transferred leg
that carries it is believed to be that device's."""

DEVICE_DOMAIN = "eslr_domain"

SENT_BY = "eslr_sent_by"
"""``uuid:account@domain``: the leg that this one was connected with, and whose phone it is. Holds
while the switch says that it was the last one: see :data:`LAST_BRIDGE`."""

ENTERED = "eslr_entered"
"""What the caller has entered by his keys."""

POOL = "eslr_pool"
"""The executive through whose assistants the two came to talk."""
