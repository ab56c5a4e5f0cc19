#include "host/cli/options.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace qwen::host;

namespace {

config::SettingTable table() {
    config::SettingTable settings;
    REQUIRE(settings.add({.key = "model", .flag = "--model", .short_flag = "-m", .variables = {"OPENAI_MODEL"}, .help = "the model"}));
    REQUIRE(settings.add({.key = "key", .type = config::ValueType::secret, .flag = "--openai-api-key"}));
    REQUIRE(settings.add({.key = "flagged", .type = config::ValueType::boolean, .flag = "--flagged"}));
    return settings;
}

Result<Options> parse(std::vector<std::string_view> words) { return parse_options(Arguments::of(words), table()); }

std::string_view flag_value(const Options& options, std::string_view key) {
    for (const auto& entry : options.flags.entries)
        if (entry.key == key) return entry.value.reveal();
    return "(absent)";
}

}  // namespace

TEST_SUITE("host/cli/options") {

TEST_CASE("a prompt is one quoted argument, the value of -p, the words after --, or -") {
    struct Row {
        std::vector<std::string_view> words;
        std::string_view prompt;
    };
    const Row rows[] = {
        {{"why is the sky blue?"}, "why is the sky blue?"},
        {{"-p", "hi"}, "hi"},
        {{"-phi"}, "hi"},
        {{"--prompt=hi"}, "hi"},
        {{"--", "models"}, "models"},
        {{"--", "two", "--words"}, "two --words"},
        {{"-"}, "-"},
        {{"-m", "x", "say hi", "--raw"}, "say hi"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.prompt);
        const auto options = parse(row.words);
        REQUIRE(options);
        CHECK(options->command == Command::prompt);
        CHECK(options->prompt == row.prompt);
    }
}

TEST_CASE("a bare word that is no command is an error with a suggestion") {
    CHECK(parse({"modles"}).error().message.find("did you mean \"models\"") != std::string::npos);
    CHECK(parse({"hello"}).error().hint == "quote the prompt: qwen -p \"hello\"");
    CHECK(parse({"what", "is", "this"}).error().code == ErrorCode::usage);
    CHECK(parse({"config", "expalin"}).error().hint == "qwen config explain");
    CHECK(parse({"config"}).error().message.find("explain") != std::string::npos);
    CHECK(parse({"models", "extra"}).error().code == ErrorCode::usage);
}

TEST_CASE("commands of two words take their operands and options in any order") {
    const auto options = parse({"--json", "config", "explain", "model", "--verbose"});
    REQUIRE(options);
    CHECK(options->command == Command::config_explain);
    CHECK(options->operands == std::vector<std::string>{"model"});
    CHECK(options->output == OutputFormat::json);
    CHECK(options->verbose);
}

TEST_CASE("flags of settings become the flag layer") {
    const auto options = parse({"-m", "gpt-4o-mini", "--openai-api-key=sk-1", "--flagged", "-p", "x"});
    REQUIRE(options);
    CHECK(options->flags.source == config::Source::flag);
    CHECK(flag_value(*options, "model") == "gpt-4o-mini");
    CHECK(flag_value(*options, "key") == "sk-1");
    CHECK(flag_value(*options, "flagged") == "true");
    CHECK(options->flags.entries.front().from.to_string() == "flag --model");
}

TEST_CASE("a boolean setting can be switched off by name") {
    const auto options = parse({"--flagged=false", "-p", "x"});
    REQUIRE(options);
    CHECK(flag_value(*options, "flagged") == "false");
}

TEST_CASE("unknown and misplaced options are usage errors in one line") {
    const auto unknown = parse({"--modle", "x"});
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == ErrorCode::usage);
    CHECK(unknown.error().message == "unknown option --modle");
    CHECK(unknown.error().hint == "--model");
    CHECK(parse({"--model"}).error().message == "--model needs a value");
    CHECK(parse({"--raw=yes", "-p", "x"}).error().message == "--raw takes no value");
    CHECK(parse({"models", "--raw"}).error().message == "--raw does not go with qwen models");
    CHECK(parse({"-o", "yaml", "-p", "x"}).error().hint == "one of text, json, stream-json");
    CHECK(parse({"-p", "x", "two words"}).error().code == ErrorCode::usage);
}

TEST_CASE("the error of an unknown option never holds its value") {
    CHECK(parse({"--opnai-api-key=sk-canary"}).error().message.find("canary") == std::string::npos);
}

TEST_CASE("short options can be grouped") {
    const auto options = parse({"-vp", "hi"});
    REQUIRE(options);
    CHECK(options->verbose);
    CHECK(options->prompt == "hi");
}

TEST_CASE("the output format is known even when the rest cannot be parsed") {
    const auto format_of = [](std::vector<std::string_view> words) { return output_format_of(Arguments::of(words)); };
    CHECK(format_of({"--nonsense", "-o", "json"}) == OutputFormat::json);
    CHECK(format_of({"--output=stream-json"}) == OutputFormat::stream_json);
    CHECK(format_of({"--json"}) == OutputFormat::json);
    CHECK(format_of({"--", "--json"}) == OutputFormat::text);
    CHECK(format_of({"-ojson"}) == OutputFormat::json);
}

}
