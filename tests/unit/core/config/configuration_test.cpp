#include "core/config/configuration.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using namespace qwen::config;
using tests::write_text;

namespace {

/// A machine with a home, a project below it, and a place for the system's files.
class Machine {
public:
    Machine() {
        std::filesystem::create_directories(home() / ".qwen");
        std::filesystem::create_directories(project() / ".qwen");
        environment.working_directory = project();
        environment.home = home();
        environment.effective_uid = ::geteuid();
        REQUIRE(table.add({.key = "providers.acme.api_key", .type = ValueType::secret, .flag = "--acme-key", .variables = {"ACME_KEY", "OLD_ACME_KEY"}, .role = SettingRole::api_key,
                           .provider = "acme"}));
        REQUIRE(table.add({.key = "providers.acme.base_url", .type = ValueType::url, .variables = {"ACME_URL"}, .default_value = "https://acme.example/v1", .has_default = true,
                           .provider = "acme"}));
    }
    [[nodiscard]] std::filesystem::path home() const { return root_ / "home"; }
    [[nodiscard]] std::filesystem::path project() const { return home() / "work" / "project"; }
    [[nodiscard]] Places places() const { return {root_ / "system.toml"}; }
    [[nodiscard]] Result<Configuration> load(std::vector<std::pair<std::string, std::string>> flags = {}) const {
        Layer layer{Source::flag, {}};
        for (auto& [key, value] : flags) layer.entries.push_back({key, Secret(value), Provenance{Source::flag, TrustClass::explicit_choice, "--" + key, {}, {}}});
        return load_configuration(table, environment, layer, {}, places());
    }
    [[nodiscard]] std::string key_used() const {
        const auto configuration = load();
        REQUIRE(configuration);
        const auto* winner = configuration->resolution.winner("providers.acme.api_key");
        return winner == nullptr ? "" : std::string(winner->value.reveal());
    }

    system::Environment environment;
    SettingTable table = SettingTable::core();

private:
    tests::TemporaryDirectory root_;
};

}  // namespace

TEST_SUITE("core/config/configuration") {

TEST_CASE("flags beat the environment, that the .env, that the user's file, that the system's, that the default") {
    Machine machine;
    write_text(machine.places().system_config, "model = \"system\"\n");
    const auto used = [&](std::vector<std::pair<std::string, std::string>> flags = {}) { return *machine.load(std::move(flags))->resolution.text("model"); };
    CHECK(used() == "system");
    write_text(machine.home() / ".qwen/config.toml", "model = \"user\"\n");
    CHECK(used() == "user");
    write_text(machine.project() / ".env", "QWEN_MODEL=dotenv\n");
    CHECK(used() == "dotenv");
    machine.environment.variables["QWEN_MODEL"] = "environment";
    CHECK(used() == "environment");
    CHECK(used({{"model", "flag"}}) == "flag");
}

TEST_CASE("every value knows its place and what it hides") {
    Machine machine;
    write_text(machine.project() / ".env", "# key\nACME_KEY=sk-project\n");
    machine.environment.variables["ACME_KEY"] = "sk-shell";
    const auto configuration = machine.load();
    REQUIRE(configuration);

    const auto& candidates = configuration->resolution.find("providers.acme.api_key")->candidates;

    REQUIRE(candidates.size() == 2);
    CHECK(candidates[0].standing == Standing::used);
    CHECK(candidates[0].from.to_string() == "environment ACME_KEY");
    CHECK(candidates[1].standing == Standing::hidden);
    CHECK(candidates[1].from.to_string() == (machine.project() / ".env").string() + ":2 ACME_KEY");
    CHECK(candidates[1].from.trust == TrustClass::project);
}

TEST_CASE("an empty variable counts as not set, and is kept for explain") {
    Machine machine;
    machine.environment.variables["QWEN_MODEL"] = "";
    write_text(machine.project() / ".env", "QWEN_MODEL=dotenv\n");
    const auto configuration = machine.load();
    CHECK(configuration->resolution.text("model") == "dotenv");
    CHECK(configuration->resolution.find("model")->candidates.front().standing == Standing::empty);
}

TEST_CASE("of several variables the first in the table wins") {
    Machine machine;
    machine.environment.variables["OLD_ACME_KEY"] = "sk-old";
    CHECK(machine.key_used() == "sk-old");
    machine.environment.variables["ACME_KEY"] = "sk-new";
    CHECK(machine.key_used() == "sk-new");
}

TEST_CASE("one .env is read: the nearest, .qwen/.env before .env, the home's last") {
    Machine machine;
    machine.environment.working_directory = "/";
    write_text(machine.home() / ".env", "ACME_KEY=home\n");
    CHECK(machine.key_used() == "home");
    write_text(machine.home() / ".qwen/.env", "ACME_KEY=home-qwen\n");
    CHECK(machine.key_used() == "home-qwen");
    machine.environment.working_directory = machine.project();
    write_text(machine.project().parent_path() / ".env", "ACME_KEY=parent\n");
    CHECK(machine.key_used() == "parent");
    write_text(machine.project() / ".env", "ACME_KEY=project\n");
    CHECK(machine.key_used() == "project");
    write_text(machine.project() / ".qwen/.env", "OTHER=1\n");
    CHECK(machine.key_used() == "");
}

TEST_CASE("a .env that others may write, or in a directory they may write, is passed over with a notice") {
    Machine machine;
    write_text(machine.home() / ".env", "ACME_KEY=home\n");
    write_text(machine.project() / ".env", "ACME_KEY=planted\n");
    SUBCASE("the file") { ::chmod((machine.project() / ".env").c_str(), 0666); }
    SUBCASE("the directory") { ::chmod(machine.project().c_str(), 01777); }
    CHECK(machine.key_used() == "home");
    CHECK(machine.load()->notices.front().where.path == (machine.project() / ".env").string());
}

TEST_CASE("a .env that is no regular file is refused at once") {
    Machine machine;
    SUBCASE("FIFO") { REQUIRE(::mkfifo((machine.project() / ".env").c_str(), 0600) == 0); }
    SUBCASE("directory") { std::filesystem::create_directory(machine.project() / ".env"); }
    SUBCASE("link to a device") { std::filesystem::create_symlink("/dev/zero", machine.project() / ".env"); }
    SUBCASE("larger than 64 KiB") { write_text(machine.project() / ".env", std::string(70'000, 'x')); }
    const auto configuration = machine.load();
    REQUIRE_FALSE(configuration);
    CHECK(configuration.error().code == ErrorCode::dotenv_refused);
    CHECK(configuration.error().where->path == (machine.project() / ".env").string());
}

TEST_CASE("a project's .env sets neither home, proxy nor trust") {
    Machine machine;
    write_text(machine.project() / ".env", "QWEN_HOME=/evil\nHTTPS_PROXY=http://evil:1\nQWEN_TRUST_ORIGINS=https://evil\nSSL_CERT_FILE=/evil\n");
    const auto configuration = machine.load();
    REQUIRE(configuration);
    CHECK(configuration->user_directory == machine.home() / ".qwen");
    for (const auto* key : {"network.https_proxy", "network.ca_file", "trust_origins", "home"}) {
        CAPTURE(key);
        CHECK(configuration->resolution.winner(key) == nullptr);
        CHECK(configuration->resolution.find(key)->candidates.front().standing == Standing::source_not_allowed);
    }
}

TEST_CASE("an unknown key in config.toml is an error with its place and the nearest name") {
    Machine machine;
    write_text(machine.home() / ".qwen/config.toml", "provider = \"acme\"\nmodle = \"x\"\n");
    const auto error = machine.load().error();
    CHECK(error.code == ErrorCode::config_invalid);
    CHECK(error.message == "unknown key \"modle\"");
    CHECK(error.hint == "model");
    CHECK(error.where->to_string() == (machine.home() / ".qwen/config.toml").string() + ":2:9");
}

TEST_CASE("bad values name the file and line, never the value of a secret") {
    Machine machine;
    std::string name;
    SUBCASE("syntax") { write_text(machine.home() / ".qwen/config.toml", "a = \n"), name = "config.toml"; }
    SUBCASE("type") { write_text(machine.home() / ".qwen/config.toml", "\n[network]\nidle_timeout = \"soon\"\n"), name = "config.toml:3"; }
    SUBCASE("table for a value") { write_text(machine.home() / ".qwen/config.toml", "[model]\nx = 1\n"), name = "config.toml:1"; }
    SUBCASE("URL") { write_text(machine.project() / ".env", "ACME_URL=https://user@host/\n"), name = ".env:1"; }
    SUBCASE("key") { write_text(machine.project() / ".env", "ACME_KEY=\"sk-canary\\nx\"\n"), name = ".env:1"; }
    const auto configuration = machine.load();
    REQUIRE_FALSE(configuration);
    CHECK(configuration.error().code == ErrorCode::config_invalid);
    CHECK(configuration.error().where->to_string().find(name) != std::string::npos);
    CHECK(configuration.error().message.find("canary") == std::string::npos);
}

TEST_CASE("a section of a provider that is not installed is a notice") {
    Machine machine;
    write_text(machine.home() / ".qwen/config.toml", "[providers.gone]\nkey = \"x\"\n[providers.acme]\nbase_url = \"https://a.example\"\n");
    const auto configuration = machine.load();
    REQUIRE(configuration);
    CHECK(configuration->notices.size() == 1);
    CHECK(configuration->resolution.url("providers.acme.base_url")->to_string().starts_with("https://a.example"));
}

TEST_CASE("without a home everything but the home's files works") {
    Machine machine;
    machine.environment.home.clear();
    const auto configuration = machine.load();
    REQUIRE(configuration);
    CHECK(configuration->user_directory.empty());
}

}
