#include "host/plugin/check/rules.hpp"

#include <algorithm>
#include <array>

#include "host/plugin/check/checks.hpp"

namespace qwen::host::plugin::check {
namespace {

constexpr std::array kRules{
    Rule{"QP001", "The file is a plugin: an ELF file for this machine whose note holds a valid manifest.",
         "The program decides by the manifest, before a byte of the plugin runs.", "Build with `qwen_add_provider()`, which checks plugin.toml and makes the note.", nullptr},
    Rule{"QP002", "It exports qwen_provider_entry_v1 and nothing else.", "Another symbol can take the place of one that another library means.",
         "Hide everything else: `-fvisibility=hidden` and the version script of the SDK; `qwen_add_provider()` does both.", one_exported_symbol},
    Rule{"QP003", "It needs the C and C++ runtime and no other library, and has no run path.", "What it needs has to be on every machine, and TLS, HTTP and JSON of its own are a second copy that nobody updates.",
         "Use the host's services; link small libraries statically; for C++ use STATIC_RUNTIME.", only_the_c_library},
    Rule{"QP004", "The table's id and version are those of the manifest.", "People and policies decide by the manifest; what runs has to be the same.", "Write the same words in both places.", table_agrees_with_note},
    Rule{"QP005", "The entry function returns a whole table: version 1.0's size, every function, no later version than the manifest says.", "The host calls these functions without asking.",
         "Fill every member of qwen_provider; struct_size is `sizeof`, abi_minor is QWEN_ABI_MINOR.", table_is_complete},
    Rule{"QP006", "Each extension's table is whole and always the same; a method \"device-code\" comes with qwen.login/1.", "A table that is too short counts as none, silently.",
         "Make the tables `static const`, with struct_size as `sizeof`.", extensions_are_complete},
    Rule{"QP007", "get_extension answers ids it does not know with NULL.", "Later hosts ask for extensions that do not exist yet; \"qwen.login/2\" is another table than \"qwen.login/1\".",
         "Compare the whole id with strcmp, and return NULL at the end.", unknown_ids_are_null},
    Rule{"QP008", "An ordinary life has no surprise: known statuses, a state that is set, with and without a credential.", "Everything else builds on this.",
         "Return a status of abi.h from each function and call set_state in `state`, also when nobody is signed in.", ordinary_life},
    Rule{"QP009", "It works with tables that end where version 1.0 ended.", "A user's program may be older than the plugin.", "Look at a member that came later only after QWEN_HAS.", first_release_tables},
    Rule{"QP010", "It works with a host of a later version, whose tables are longer.", "Plugins stay for years; hosts are updated.", "Do not compare struct_size or abi_minor for equality.", newer_tables},
    Rule{"QP011", "It survives the absence of every service that it does not require.", "Administrators take services away, and older hosts lack them.",
         "Check what get_extension returns; put what the plugin cannot do without into `requires`.", services_removed, 8},
    Rule{"QP012", "It uses the services that its manifest names.", "The manifest is what an administrator reads, and what is checked before loading.", "Add the service to `requires` or `wants` of plugin.toml.", declared_services},
    Rule{"QP013", "It asks for, and blames, the settings that its manifest declares.", "Others have no flag, no variable and no place in config.toml.", "Declare the setting in plugin.toml, or correct the key.", declared_settings},
    Rule{"QP014", "An instance leaves no memory behind.", "A long conversation makes many.", "Free in `destroy` what `create` and the calls after it allocated.", no_leaks},
    Rule{"QP015", "When the host refuses a result, the call fails.", "A request without its credential, or a state that is lost, must not look like success.", "Return the status of set_header, set_state and the others.", refusals_are_passed_on},
    Rule{"QP016", "It reads borrowed text to its length and no further.", "Text has no NUL behind it.", "Use `len`; never strlen, strcmp, \"%s\" or atoi on a qwen_str.", borrowed_text_has_an_end},
    Rule{"QP017", "It keeps nothing that is borrowed: no text, no struct, no qwen_call.", "The host takes it back, and wipes it, when the call returns.", "Copy what is needed later.", nothing_is_kept},
    Rule{"QP018", "Offline calls use no service that waits.", "They are made at every prompt and have to answer in milliseconds, without a network.", "Go online in login, refresh, account and models alone; return QWEN_NEED_REFRESH where a call needs it.",
         offline_calls},
    Rule{"QP019", "It makes no system call of its own: no file, socket, process, printing or sleep.", "In the process plugins run in they fail, and TLS, proxies and limits are the host's.", "Use the host's services.", no_system_calls},
    Rule{"QP020", "It leaves the process alone: signals, locale, environment, directory, umask, descriptors, threads, limits, standard output.", "They belong to the program and to everybody in it.",
         "Remove the call, also from constructors and libraries; threads need `relaxed = [\"threads\"]`.", process_state},
    Rule{"QP021", "A cancelled call ends at once, with QWEN_ERR_CANCELLED, and stores nothing.", "Ctrl-C has to work.", "Return when a service returns QWEN_ERR_CANCELLED; do not try again.", cancellation},
    Rule{"QP022", "Words for people are one line of UTF-8, of at most 1 KiB.", "They end up on terminals and in logs; a server's words may hold escape sequences.", "Clean or leave out what a server said.", words_for_people},
    Rule{"QP023", "Credentials are marked QWEN_STR_SENSITIVE.", "What is not marked is shown by --debug and not wiped.", "Set the flag on every header, query parameter and request header that holds a credential.", secrets_are_marked},
    Rule{"QP024", "Credentials are in no log line, error, notice, label or URL.", "All of them are kept, copied and shown.", "Name the setting, not its value; put credentials into headers or bodies.", secrets_stay_secret},
    Rule{"QP025", "Requests go to the manifest's origins and to configured URLs.", "The host refuses others.", "Add the origin to plugin.toml, or make the address a setting of type url.", origins},
    Rule{"QP026", "Stored values that are damaged do it no harm.", "Files are cut short, edited and written by other versions.", "Parse what is stored as if a stranger had written it; what cannot be used means QWEN_STATE_LOGIN_NEEDED.", corrupt_state},
    Rule{"QP027", "Settings of any content do it no harm.", "People paste, and variables are inherited.", "Check the length before copying; return QWEN_ERR_SETTING and name the setting.", odd_settings},
    Rule{"QP028", "Answers of any content do it no harm, and get a known verdict.", "Proxies, portals and gateways answer in the server's place.", "Parse with limits; treat what is not understood as QWEN_VERDICT_PASS.", odd_answers},
    Rule{"QP029", "After a successful login, a new instance is ready and authorizes requests.", "The next command is another process.", "Store the credential through qwen.secrets/1 before returning QWEN_OK.", sign_in_is_kept},
    Rule{"QP030", "Logout erases everything that login stored, and is QWEN_OK when nobody is signed in.", "People sign out of borrowed machines.", "Erase every key the plugin stores under.", logout_erases},
    Rule{"QP031", "Waiting for the browser ends when the code expires: QWEN_ERR_LOGIN_EXPIRED.", "Nobody may be there any more.", "Count from expires_in on now_mono_ms; bound what the server says.", polling_ends},
    Rule{"QP032", "Between two polls there is at least the issuer's interval (RFC 8628 section 3.2).", "Issuers block clients that are faster.", "Take `interval`, or 5 s without it, and at least 1 s.", polling_pace},
    Rule{"QP033", "slow_down makes the interval five seconds longer, for good (RFC 8628 section 3.5).", "The issuer goes on refusing otherwise.", "Add 5000 ms to the interval each time.", slow_down},
    Rule{"QP034", "access_denied is QWEN_ERR_LOGIN_DENIED, expired_token is QWEN_ERR_LOGIN_EXPIRED.", "The user is told what happened by this number.", "Read `error` of the token endpoint's answer.", denied_and_expired},
    Rule{"QP035", "No answer of the token endpoint but tokens is a sign-in: not 5xx, a page, null, nothing, or an unknown error.", "Portals answer 200 with a page.", "Require a text in access_token before storing anything.", issuer_faults},
    Rule{"QP036", "A device authorization that failed, or is incomplete, ends the login with an error.", "The user would wait for a code that never comes.", "Require device_code, user_code and verification_uri.", device_faults},
    Rule{"QP037", "A renewal that failed changes nothing that is stored; invalid_grant is QWEN_ERR_INVALID_GRANT, an outage is 2xx.", "An outage of a minute must not sign anybody out.", "Store after the whole answer was understood; return QWEN_ERR_TRANSIENT or what http returned.",
         refresh_faults},
    Rule{"QP038", "The newest refresh token is the one that is used, and it stays when the answer has none (RFC 6749 section 6).", "A used one is dead, and so is the sign-in.", "Store the new refresh token where there is one, else the old.", refresh_token_is_kept},
    Rule{"QP039", "A store that refuses does not keep it for ever.", "Disks are full, and another process may be faster each time.", "After QWEN_ERR_CONFLICT read again, a few times; pass QWEN_ERR_STORAGE on.", store_conflicts},
};

}  // namespace

std::span<const Rule> rules() { return kRules; }

const Rule* find_rule(std::string_view id) {
    const auto found = std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.id == id; });
    return found != kRules.end() ? &*found : nullptr;
}

}  // namespace qwen::host::plugin::check
