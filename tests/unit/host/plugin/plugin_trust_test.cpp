#include "host/plugin/plugin_trust.hpp"

#include <doctest/doctest.h>
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/plugin/plugin_host.hpp"
#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using namespace qwen::host::plugin;
using qwen::tests::read_text;
using qwen::tests::TemporaryDirectory;
using qwen::tests::write_text;

namespace {

/// A plugin directory with one file in it.
struct Scene {
    TemporaryDirectory directory;

    [[nodiscard]] PluginFile put(const std::string& id, std::string_view bytes) const {
        const auto path = directory / (id + ".so");
        write_text(path, bytes);
        ::chmod(path.c_str(), 0644);
        return {id, path, PluginPlace::user};
    }
    [[nodiscard]] PluginFile put_good() const { return put("well_behaved", good()); }
    [[nodiscard]] static const std::string& good() {
        static const std::string bytes = read_text(std::filesystem::path(QWEN_FIXTURE_PLUGINS) / "well_behaved.so");
        return bytes;
    }
};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

}  // namespace

TEST_SUITE("host/plugin/plugin_trust") {

TEST_CASE("a good plugin is described without being run") {
    const Scene scene;

    const auto plugin = verify_plugin(scene.put_good(), {});

    REQUIRE(plugin);
    CHECK(plugin->manifest.id == "well_behaved");
    CHECK(plugin->manifest.setting_with_role(config::SettingRole::api_key)->flag == "--well-behaved-api-key");
    CHECK(plugin->elf.exported == std::vector<std::string>{"qwen_provider_entry_v1"});
    CHECK(plugin->elf.needed == std::vector<std::string>{"libc.so.6"});
    CHECK(plugin->sha256.size() == 64);
    CHECK_FALSE(plugin->is_bundled_build);
    CHECK(plugin->isolation == Isolation::own_process);
}

TEST_CASE("a damaged or foreign file is refused with its name and a reason") {
    struct Row {
        const char* name;
        ErrorCode code;
        const char* reason;
        std::string bytes;
    };
    const std::string& good = Scene::good();
    const auto changed = [&](std::size_t at, char value) {
        std::string copy = good;
        copy[at] = value;
        return copy;
    };
    std::string newer = good;
    replace_all(newer, "\"abi_min\":\"1.0\"", "\"abi_min\":\"1.7\"");
    std::string other_major = good;
    replace_all(other_major, "\"abi_min\":\"1.0\"", "\"abi_min\":\"2.0\"");
    std::string service = good;
    replace_all(service, "\"qwen.settings/1\"", "\"qwen.telepath/1\"");
    std::string no_entry = good;
    replace_all(no_entry, "qwen_provider_entry_v1", "qwen_provider_entry_v9");
    std::string bad_json = good;
    replace_all(bad_json, "{\"schema\"", "[\"schema\"");
    std::string other_name = good;
    replace_all(other_name, "\"id\":\"well_behaved\"", "\"id\":\"will_behaved\"");
    const Row rows[] = {
        {"empty", ErrorCode::plugin_refused, "the file is empty", ""},
        {"text", ErrorCode::plugin_refused, "it is no ELF file", "#!/bin/sh\n"},
        {"header only", ErrorCode::plugin_refused, "cut short", good.substr(0, 40)},
        {"half", ErrorCode::plugin_refused, "cut short", good.substr(0, good.size() / 2)},
        {"without its last byte", ErrorCode::plugin_refused, "cut short", good.substr(0, good.size() - 1)},
        {"32 bit", ErrorCode::plugin_incompatible, "32-bit", changed(EI_CLASS, ELFCLASS32)},
        {"big endian", ErrorCode::plugin_incompatible, "byte order", changed(EI_DATA, ELFDATA2MSB)},
        {"other machine", ErrorCode::plugin_incompatible, "s390x", changed(18, EM_S390)},
        {"executable", ErrorCode::plugin_refused, "no shared object", changed(16, ET_EXEC)},
        {"newer ABI", ErrorCode::plugin_incompatible, "needs plugin ABI 1.7", newer},
        {"other major", ErrorCode::plugin_incompatible, "needs plugin ABI 2.0", other_major},
        {"unknown service", ErrorCode::plugin_incompatible, "qwen.telepath/1", service},
        {"no entry", ErrorCode::plugin_refused, "does not export", no_entry},
        {"broken manifest", ErrorCode::plugin_refused, "no JSON object", bad_json},
        {"other name", ErrorCode::plugin_refused, "calls itself 'will_behaved'", other_name},
    };
    for (const Row& row : rows) {
        CAPTURE(std::string(row.name));
        const Scene scene;
        const PluginFile file = scene.put("well_behaved", row.bytes);

        const auto plugin = verify_plugin(file, {});

        REQUIRE_FALSE(plugin);
        CAPTURE(plugin.error().message);
        CHECK(plugin.error().code == row.code);
        CHECK(plugin.error().message.find(row.reason) != std::string::npos);
        CHECK(plugin.error().where->path == file.path.native());
    }
}

TEST_CASE("a file that others could have changed is refused") {
    const Scene scene;
    const PluginFile file = scene.put_good();

    SUBCASE("writable by others") { ::chmod(file.path.c_str(), 0666); }
    SUBCASE("in a directory that others may write to") { ::chmod(scene.directory.path().c_str(), 0777); }
    SUBCASE("a symbolic link") {
        std::filesystem::rename(file.path, scene.directory / "real");
        std::filesystem::create_symlink("real", file.path);
    }
    SUBCASE("a FIFO") {
        std::filesystem::remove(file.path);
        REQUIRE(::mkfifo(file.path.c_str(), 0600) == 0);
    }
    SUBCASE("a directory") {
        std::filesystem::remove(file.path);
        std::filesystem::create_directory(file.path);
    }
    SUBCASE("10 GB long") { REQUIRE(::truncate(file.path.c_str(), 10'000'000'000) == 0); }

    const auto plugin = verify_plugin(file, {});

    REQUIRE_FALSE(plugin);
    CHECK(plugin.error().code == ErrorCode::plugin_refused);
}

TEST_CASE("policy is asked by name before the file is opened, and by hash before it is read as a plugin") {
    const Scene scene;

    SUBCASE("denied by name: the file need not even exist") {
        PluginPolicy policy;
        policy.by_name = [](const PluginFile&) { return PolicyRuling{PolicyRuling::Effect::deny, "policy.toml:3", std::nullopt}; };
        const auto plugin = verify_plugin({"absent", scene.directory / "absent.so", PluginPlace::user}, policy);
        CHECK(plugin.error().code == ErrorCode::denied_by_policy);
        CHECK(plugin.error().message.find("policy.toml:3") != std::string::npos);
    }
    SUBCASE("denied by hash: also when it is no plugin") {
        PluginPolicy policy;
        policy.by_content = [](const PluginFile&, const PluginContent&) { return PolicyRuling{PolicyRuling::Effect::deny, "pin", std::nullopt}; };
        CHECK(verify_plugin(scene.put("junk", "junk"), policy).error().code == ErrorCode::denied_by_policy);
    }
    SUBCASE("policy may run a foreign plugin in this process") {
        PluginPolicy policy;
        policy.by_content = [](const PluginFile&, const PluginContent&) { return PolicyRuling{PolicyRuling::Effect::allow, "pin", Isolation::in_process}; };
        CHECK(verify_plugin(scene.put_good(), policy)->isolation == Isolation::in_process);
    }
}

TEST_CASE("the build's own plugins are known by their hash") {
    const PluginDirectories built{.bundled = QWEN_BUNDLED_PLUGIN_DIRECTORY, .user = {}};

    const auto found = PluginHost(built, {}).find("openai_compat");

    REQUIRE(found);
    CHECK(found->plugin.is_bundled_build);
    CHECK(found->plugin.isolation == Isolation::in_process);
}

TEST_CASE("a provider that is not there names the places looked at; two of one name are refused") {
    const Scene system_scene;
    const Scene user_scene;
    const PluginHost host({.bundled = system_scene.directory.path(), .user = user_scene.directory.path()}, {});

    const auto missing = host.find("well_behaved");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::plugin_missing);
    CHECK(missing.error().message.find(user_scene.directory.path().native()) != std::string::npos);

    (void)system_scene.put_good();
    (void)user_scene.put_good();
    const auto twice = host.find("well_behaved");
    REQUIRE_FALSE(twice);
    CHECK(twice.error().code == ErrorCode::plugin_refused);
}

}
