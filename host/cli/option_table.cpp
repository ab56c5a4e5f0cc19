#include <algorithm>

#include "host/cli/options.hpp"

namespace qwen::host {
namespace {

using Value = std::string_view;

Error unknown_choice(std::string_view flag, Value value, std::string_view choices) {
    return {ErrorCode::usage, std::string(flag) + " does not know \"" + std::string(value) + '"', "one of " + std::string(choices), std::nullopt};
}

Result<void> set_output(Options& options, Value value) {
    if (value == "text") options.output = OutputFormat::text;
    else if (value == "json") options.output = OutputFormat::json;
    else if (value == "stream-json") options.output = OutputFormat::stream_json;
    else return unknown_choice("--output", value, "text, json, stream-json");
    return {};
}

Result<void> set_color(Options& options, Value value) {
    if (value == "auto") options.color = ColorChoice::automatic;
    else if (value == "always") options.color = ColorChoice::always;
    else if (value == "never") options.color = ColorChoice::never;
    else return unknown_choice("--color", value, "auto, always, never");
    return {};
}

template <bool Options::*Member>
Result<void> set_true(Options& options, Value) {
    options.*Member = true;
    return {};
}

template <std::string Options::*Member>
Result<void> set_text(Options& options, Value value) {
    options.*Member = value;
    return {};
}

Result<void> set_prompt(Options& options, Value value) {
    if (options.prompt) return Error{ErrorCode::usage, "-p was given twice", {}, std::nullopt};
    options.prompt = value;
    options.prompt_is_flag = true;
    return {};
}

/// An option of the program that checks plugins, which judges the value.
Result<void> pass_on(Options& options, Value flag, Value value) {
    options.checker_options.emplace_back(flag);
    options.checker_options.emplace_back(value);
    return {};
}

Result<void> set_json(Options& options, Value) {
    options.output = OutputFormat::json;
    return {};
}

}  // namespace

const std::vector<OptionRow>& option_table() {
    using enum Command;
    static const std::vector<OptionRow> kRows{
        {"--help", "-h", "", "show this help", {}, set_true<&Options::help>},
        {"--version", "-V", "", "show the version", {}, set_true<&Options::version>},
        {"--prompt", "-p", "PROMPT", "the prompt; \"-\" reads it from standard input", {prompt}, set_prompt},
        {"--system", "", "TEXT", "instructions that go before the prompt", {prompt}, set_text<&Options::system_prompt>},
        {"--output", "-o", "FORMAT", "text, json, or stream-json", {}, set_output},
        {"--output-format", "", "FORMAT", "the same as --output", {}, set_output},
        {"--json", "", "", "the same as --output json", {}, set_json},
        {"--raw", "", "", "the answer as it is: Markdown is not rendered, control characters are left in it", {prompt}, set_true<&Options::raw>},
        {"--continue", "-c", "", "go on with the last conversation", {prompt}, set_true<&Options::continues>},
        {"--session", "", "ID", "go on with this conversation", {prompt}, set_text<&Options::conversation>},
        {"--no-history", "", "", "keep neither the conversation nor what was typed", {prompt}, set_true<&Options::no_history>},
        {"--check", "", "", "make one request to see whether the credential works", {auth_status}, set_true<&Options::check>},
        {"--with-api-key", "", "", "read an API key from standard input and store it", {auth_login}, set_true<&Options::with_api_key>},
        {"--no-check", "", "", "store the key without trying it", {auth_login}, set_true<&Options::no_check>},
        {"--method", "", "NAME", "how to sign in, when the provider has several ways", {auth_login, policy_test}, set_text<&Options::method>},
        {"--origin", "", "URL", "the server to put to the policy", {policy_test}, set_text<&Options::origin>},
        {"--no-browser", "", "", "open no browser, only print the link", {auth_login}, set_true<&Options::no_browser>},
        {"--qr", "", "", "show the link as a QR code too", {auth_login}, set_true<&Options::show_qr_code>},
        {"--lang", "", "LANGUAGE", "c, cpp, or rust", {plugin_new}, set_text<&Options::language>},
        {"--kind", "", "KIND", "how one signs in: api-key, device-code, signing, or command", {plugin_new}, set_text<&Options::kind>},
        {"--vendor", "", "NAME", "who ships the provider", {plugin_new}, set_text<&Options::vendor>},
        {"--only", "", "RULE", "check this rule (QP016); may be given again", {plugin_check}, [](Options& options, Value value) { return pass_on(options, "--only", value); }},
        {"--seed", "", "N", "what is made at random is made of this number", {plugin_check}, [](Options& options, Value value) { return pass_on(options, "--seed", value); }},
        {"--reproduce", "", "RULE:N", "one rule with one seed again, with the last calls before the finding", {plugin_check},
         [](Options& options, Value value) { return pass_on(options, "--reproduce", value); }},
        {"--timeout", "", "SECONDS", "how long one rule may take (10)", {plugin_check}, [](Options& options, Value value) { return pass_on(options, "--timeout", value); }},
        {"--online", "", "", "ask the server too", {doctor}, set_true<&Options::online>},
        {"--bundle", "", "FILE", "write the findings and all settings, without secrets, for support", {doctor}, set_text<&Options::bundle>},
        {"--remove", "", "", "take the trust back", {trust_origin}, set_true<&Options::remove>},
        {"--list", "", "", "list what is trusted", {trust_origin}, set_true<&Options::list>},
        {"--no-store", "", "", "neither read nor write stored credentials", {}, set_true<&Options::no_store>},
        {"--no-plugins", "", "", "use no plugin but the two that come with the program", {}, set_true<&Options::no_plugins>},
        {"--debug", "", "", "show what is sent and received on standard error, without secrets", {}, set_true<&Options::debug>},
        {"--verbose", "-v", "", "say which configuration and credential is used", {}, set_true<&Options::verbose>},
        {"--plain", "", "", "for screen readers: no colours, no line drawn over another (also QWEN_PLAIN=1)", {}, set_true<&Options::plain>},
        {"--color", "", "WHEN", "auto, always, or never", {}, set_color},
    };
    return kRows;
}

bool is_understood_by(const OptionRow& row, Command command) {
    return row.commands.empty() || std::find(row.commands.begin(), row.commands.end(), command) != row.commands.end();
}

}  // namespace qwen::host
