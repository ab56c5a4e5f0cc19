#include "core/config/policy_file.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>

#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using config::Policy;

TEST_SUITE_BEGIN("core/config/policy");

namespace {

Policy policy_of(std::string_view text, Policy policy = {}) {
    const auto added = config::add_policy_text(policy, "schema = 1\n" + std::string(text), "/etc/qwen/policy.toml");
    REQUIRE_MESSAGE(added.has_value(), (added ? "" : added.error().message));
    return policy;
}

Origin origin(std::string_view url) { return Url::parse(url)->origin(); }

struct Scene {
    tests::TemporaryDirectory directory;
    config::PolicyPlaces places{directory / "policy.toml", directory / "policy.d", ::getuid()};
};

}  // namespace

TEST_CASE("without files there is no policy, and everything is allowed") {
    const Scene scene;
    const auto policy = config::load_policy(scene.places);
    REQUIRE(policy.has_value());
    CHECK(policy->empty());
    CHECK(policy->check_provider("openrouter", "openai_compat").has_value());
    CHECK(policy->check_origin(origin("https://example.com")).has_value());
    CHECK(policy->check_plugin_content({"anything", "00", false}).has_value());
}

TEST_CASE("a denied provider is named with file, line and the team's message") {
    const auto policy = policy_of("message = \"Ask it@corp.example\"\n[providers]\ndeny = [\"openrouter\"]\n");
    const auto checked = policy.check_provider("openrouter", "openai_compat");
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == ErrorCode::denied_by_policy);
    CHECK(checked.error().where->to_string() == "/etc/qwen/policy.toml:4:9");
    CHECK(checked.error().hint == "Ask it@corp.example");
    CHECK(policy.check_provider("openai", "openai_compat").has_value());
}

TEST_CASE("a rule names a preset or the plugin behind it, and spelling does not get around it") {
    const auto policy = policy_of("[providers]\ndeny = [\"qwen-oauth\", \"openai_compat\"]\n");
    for (const auto* name : {"qwen_oauth", "qwen-oauth", "QWEN_OAUTH"}) CHECK_FALSE(policy.check_provider(name, "qwen_oauth").has_value());
    CHECK_FALSE(policy.check_provider("openrouter", "openai_compat").has_value());
}

TEST_CASE("deny beats allow in whichever file it stands, and allow lists intersect") {
    const auto denied_later = policy_of("[providers]\ndeny = [\"openai\"]\n", policy_of("[providers]\nallow = [\"openai\", \"azure\"]\n"));
    CHECK_FALSE(denied_later.check_provider("openai", "openai_compat").has_value());
    CHECK(denied_later.check_provider("azure", "openai_compat").has_value());
    const auto both = policy_of("[models]\nallow = [\"gpt-4o\", \"o1\"]\n", policy_of("[models]\nallow = [\"gpt-*\"]\n"));
    CHECK(both.check_model("gpt-4o").has_value());
    CHECK_FALSE(both.check_model("o1").has_value());
    CHECK_FALSE(both.check_model("gpt-4").has_value());
    CHECK_FALSE(policy_of("[models]\nallow = []\n").check_model("gpt-4o").has_value());
}

TEST_CASE("an allowed origin is exact in scheme, host and port; a star covers names below") {
    const auto policy = policy_of("[origins]\nallow = [\"https://api.openai.com\", \"https://*.corp.example\"]\n");
    for (const auto* url : {"https://api.openai.com/v1", "https://API.openai.com./x", "https://llm.corp.example", "https://a.b.corp.example"}) {
        CAPTURE(url);
        CHECK(policy.check_origin(origin(url)).has_value());
    }
    for (const auto* url : {"http://api.openai.com", "https://api.openai.com:8443", "https://api.openai.com.evil.example", "https://corp.example",
                            "https://evilcorp.example", "https://llm.corp.example:444", "http://llm.corp.example", "http://127.0.0.1:9"}) {
        CAPTURE(url);
        CHECK_FALSE(policy.check_origin(origin(url)).has_value());
    }
}

TEST_CASE("a denied plugin is decided from its name, before its file is opened") {
    const std::vector<std::string> all{"acme", "openai_compat", "qwen_oauth"};
    CHECK_FALSE(policy_of("[providers]\ndeny = [\"acme\"]\n").check_plugin_file("acme", "/p/acme.so", true, all).has_value());
    const auto only_qwen = policy_of("[providers]\nallow = [\"qwen_oauth\"]\n");
    CHECK(only_qwen.check_plugin_file("qwen_oauth", "/p/qwen_oauth.so", false, all).has_value());
    CHECK_FALSE(only_qwen.check_plugin_file("openai_compat", "/p/openai_compat.so", false, all).has_value());
    // "openai" is no plugin's id: a preset, which only the manifest of a bundled plugin can tell. A user's plugin is never looked into for it.
    const auto preset = policy_of("[providers]\nallow = [\"openai\"]\n");
    CHECK(preset.check_plugin_file("openai_compat", "/p/openai_compat.so", false, all).has_value());
    CHECK_FALSE(preset.check_plugin_file("acme", "/home/u/.qwen/plugins/acme.so", true, all).has_value());
    CHECK_FALSE(policy_of("[plugins]\nuser_dir = false\n").check_plugin_file("acme", "/p/acme.so", true, all).has_value());
    const auto places = policy_of("[plugins]\ndirectories = [\"/usr/lib/qwen/plugins\"]\n");
    CHECK(places.check_plugin_file("acme", "/usr/lib/qwen/plugins/acme.so", false, all).has_value());
    CHECK_FALSE(places.check_plugin_file("acme", "/usr/lib/qwen/plugins/../other/acme.so", false, all).has_value());
}

TEST_CASE("a pin allows the listed builds only; requiring pins leaves out what has none") {
    const std::string a(64, 'a');
    const std::string b(64, 'b');
    const auto policy = policy_of("[plugins]\nrequire = \"pin\"\n[[plugin]]\nid = \"acme\"\nsha256 = [\"" + a + "\"]\n");
    CHECK(policy.check_plugin_content({"acme", a, false}).has_value());
    CHECK_FALSE(policy.check_plugin_content({"acme", b, false}).has_value());
    CHECK_FALSE(policy.check_plugin_content({"other", a, false}).has_value());
    CHECK(policy.check_plugin_content({"qwen_oauth", b, true}).has_value());
}

TEST_CASE("whatever is not understood fails closed, with its place") {
    struct Row {
        const char* text;
        const char* where;
    };
    constexpr std::array rows{
        Row{"", "p:1:1"},                                                       // the schema is missing
        Row{"schema = 2\n", "p:1:10"},
        Row{"schema = \"1\"\n", "p:1:10"},
        Row{"schema = 1\n[provider]\ndeny = []\n", "p:2:1"},                     // unknown section
        Row{"schema = 1\n[providers]\ndenied = []\n", "p:3:10"},                 // unknown key
        Row{"schema = 1\n[providers]\ndeny = \"x\"\n", "p:3:8"},                 // wrong type
        Row{"schema = 1\n[providers]\ndeny = [1]\n", "p:3:9"},
        Row{"schema = 1\n[providers]\ndeny = []\ndeny = []\n", "p:4:8"},         // duplicate
        Row{"schema = 1\n[providers\n", "p:2:11"},                               // syntax
        Row{"schema = 1\n[plugins]\nuser_dir = 0\n", "p:3:12"},
        Row{"schema = 1\n[plugins]\nrequire = \"signature\"\n", "p:3:11"},       // a value this program cannot enforce
        Row{"schema = 1\n[network]\ntls_min = \"1.1\"\n", "p:3:11"},
        Row{"schema = 1\n[origins]\nallow = [\"https://x.example/v1\"]\n", "p:3:10"},
        Row{"schema = 1\n[origins]\nallow = [\"*\"]\n", "p:3:10"},
        Row{"schema = 1\n[origins]\nallow = [\"https://*.com\"]\n", "p:3:10"},
        Row{"schema = 1\n[[plugin]]\nid = \"a\"\n", "p:2:1"},
        Row{"schema = 1\n[[plugin]]\nid = \"a\"\nsha256 = [\"AA\"]\n", "p:4:11"},
        Row{"schema = 1\nmessage = 3\n", "p:2:11"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        Policy policy;
        const auto added = config::add_policy_text(policy, row.text, "p");
        REQUIRE_FALSE(added.has_value());
        CHECK(added.error().code == ErrorCode::policy_invalid);
        CHECK(added.error().where->to_string() == row.where);
    }
}

TEST_CASE("drop-ins are read after the file, in lexical order, and only *.toml") {
    const Scene scene;
    std::filesystem::create_directory(scene.places.directory);
    tests::write_text(scene.places.file, "schema = 1\n");
    tests::write_text(scene.places.directory / "20-b.toml", "schema = 1\n");
    tests::write_text(scene.places.directory / "10-a.toml", "schema = 1\n[providers]\ndeny = [\"openai\"]\n");
    tests::write_text(scene.places.directory / "notes.txt", "not a policy");
    const auto policy = config::load_policy(scene.places);
    REQUIRE(policy.has_value());
    REQUIRE(policy->files.size() == 3);
    CHECK(policy->files[1].ends_with("10-a.toml"));
    CHECK(policy->check_provider("openai", "openai_compat").error().where->path == policy->files[1]);
}

TEST_CASE("a policy that others may write, that is a link or not a file, is no reason to go on without one") {
    using std::filesystem::perms;
    const Scene scene;
    const auto fails = [&] {
        const auto policy = config::load_policy(scene.places);
        return !policy.has_value() && policy.error().code == ErrorCode::policy_invalid;
    };
    SUBCASE("a file others may write") {
        tests::write_text(scene.places.file, "schema = 1\n");
        REQUIRE_FALSE(fails());
        std::filesystem::permissions(scene.places.file, perms::others_write, std::filesystem::perm_options::add);
        CHECK(fails());
    }
    SUBCASE("a directory its group may write") {
        tests::write_text(scene.places.file, "schema = 1\n");
        std::filesystem::permissions(scene.directory.path(), perms::group_write, std::filesystem::perm_options::add);
        CHECK(fails());
    }
    SUBCASE("a symbolic link, also a dangling one") {
        std::filesystem::create_symlink("/nonexistent", scene.places.file);
        CHECK(fails());
    }
    SUBCASE("a directory in place of the file") {
        std::filesystem::create_directory(scene.places.file);
        CHECK(fails());
    }
    SUBCASE("a file in place of the directory") {
        tests::write_text(scene.places.directory, "schema = 1\n");
        CHECK(fails());
    }
    SUBCASE("a drop-in that is not valid") {
        std::filesystem::create_directory(scene.places.directory);
        tests::write_text(scene.places.directory / "x.toml", "nonsense");
        CHECK(fails());
    }
    SUBCASE("another owner") {
        if (::getuid() == 0) {
            tests::write_text(scene.places.file, "schema = 1\n");
            REQUIRE(::chown(scene.places.file.c_str(), 12345, 12345) == 0);
        } else {
            auto places = scene.places;
            places.owner = 0;
            tests::write_text(places.file, "schema = 1\n");
            CHECK_FALSE(config::load_policy(places).has_value());
            return;
        }
        CHECK(fails());
    }
}

TEST_SUITE_END();
