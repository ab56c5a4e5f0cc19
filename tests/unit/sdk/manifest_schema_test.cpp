#include "sdk/tool/manifest_schema.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using qwen::sdk::convert_manifest;

namespace {

constexpr std::string_view kSmallest = R"(
schema = 1
id = "sample"
name = "Sample"
version = "1.0.0"
abi_min = "1.0"
)";

auto convert(const std::string& text, std::string_view stem = "sample") {
    return convert_manifest(text, "plugin.toml", {.file_stem = stem, .abi_built = "1.2"});
}

std::string only_problem(const std::string& addition) {
    const auto conversion = convert(std::string(kSmallest) + addition);
    REQUIRE(conversion.problems.size() == 1);
    return conversion.problems.front();
}

}  // namespace

TEST_SUITE("sdk/tool/manifest_schema") {

TEST_CASE("the JSON has the keys of the TOML, and the ABI of the headers") {
    const auto conversion = convert(std::string(kSmallest) + R"(
origins = ["https://api.example.com"]
[[settings]]
key = "retries"
type = "integer"
default = 3
[[presets]]
id = "sample-eu"
settings = { retries = 5 }
)");

    REQUIRE(conversion.problems.empty());
    const auto json = nlohmann::json::parse(conversion.json);
    CHECK(json["id"] == "sample");
    CHECK(json["abi_built"] == "1.2");
    CHECK(json["origins"][0] == "https://api.example.com");
    CHECK(json["settings"][0]["default"] == "3");
    CHECK(json["presets"][0]["settings"]["retries"] == "5");
}

TEST_CASE("a mistake is named with its place") {
    struct Row {
        const char* name;
        const char* addition;
        const char* problem;
    };
    const Row rows[] = {
        {"misspelt key", "vendr = 'x'\n", "plugin.toml:7:1: unknown key 'vendr' (did you mean 'vendor'?)"},
        {"service that is not there", "requires = ['qwen.secret/1']\n",
         "plugin.toml:7:13: 'requires[]' names 'qwen.secret/1', which no host service is called (did you mean 'qwen.secrets/1'?)"},
        {"origin with a path", "origins = ['https://api.example.com/v1']\n",
         "plugin.toml:7:12: 'origins[]' must look like \"https://api.example.com\", without a path; http only to this machine"},
        {"wrong type", "origins = 'x'\n", "plugin.toml:7:11: 'origins' must be a list of texts"},
        {"wrong choice", "relaxed = ['network']\n", "plugin.toml:7:12: 'relaxed[]' is 'network'; it must be one of threads"},
        {"missing member", "[[methods]]\nid = 'a'\n", "plugin.toml:7:1: 'methods.kind' is missing"},
        {"bad flag", "[[settings]]\nkey = 'a'\ntype = 'text'\nflag = '-a'\n", "plugin.toml:10:8: 'settings.flag' must look like \"--region\""},
        {"secret default", "[[settings]]\nkey = 'a'\ntype = 'secret'\ndefault = 's'\n",
         "plugin.toml:10:11: a setting of type 'secret' cannot have a default"},
        {"preset of an unknown setting", "[[presets]]\nid = 'p'\nsettings = { b = 1 }\n",
         "plugin.toml:9:14: 'presets.settings.b' is no setting of this plugin"},
        {"zero", "[[limits]]\nrequests = 1\nperiod_seconds = 0\n", "plugin.toml:9:18: 'limits.period_seconds' must be a whole number above 0"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        CHECK(only_problem(row.addition) == std::string(row.problem));
    }
}

TEST_CASE("the id has to be the stem of the file") {
    const auto conversion = convert(std::string(kSmallest), "other");

    REQUIRE(conversion.problems.size() == 1);
    CHECK(conversion.problems.front() == "plugin.toml:3:6: 'id' is 'sample' but the plugin's file is 'other.so'; they must agree");
}

TEST_CASE("a key that stands twice is refused") {
    CHECK_FALSE(convert(std::string(kSmallest) + "[[methods]]\nid='a'\nkind='none'\n[[methods]]\nid='a'\nkind='none'\n").problems.empty());
    CHECK_FALSE(convert(std::string(kSmallest) + "id = 'sample'\n").problems.empty());
}

TEST_CASE("a plugin cannot ask for a newer ABI than it was compiled with") {
    std::string text(kSmallest);
    text.replace(text.find("1.0\"\n"), 3, "1.3");

    const auto conversion = convert(text);

    CHECK_FALSE(conversion.problems.empty());
}

TEST_CASE("origins are https, or this machine") {
    for (const char* good : {"https://a", "https://a.example:8443", "https://[2001:db8::1]:443", "https://[2001:db8::1]", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"}) {
        CAPTURE(good);
        CHECK(convert(std::string(kSmallest) + "origins = ['" + good + "']\n").problems.empty());
    }
    for (const char* bad : {"a.example", "http://a.example", "https://", "https://a/", "https://a:port", "https://*.a", "ftp://a", "https://me@a", ""}) {
        CAPTURE(bad);
        CHECK(convert(std::string(kSmallest) + "origins = ['" + bad + "']\n").problems.size() == 1);
    }
}

}
