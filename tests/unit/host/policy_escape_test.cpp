#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "host/app.hpp"
#include "host/cli/process.hpp"

using namespace qwen;
namespace fs = std::filesystem;

namespace {

constexpr int kCombinations = 10'000;
constexpr unsigned kSeed = 20260423;
constexpr int kDenied = 7;

/// Whoever opens the denied plugin's file, even to look at it, is seen here.
class OpenWitness {
public:
    explicit OpenWitness(const fs::path& folder) : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
        REQUIRE(::inotify_add_watch(fd_, folder.c_str(), IN_OPEN) >= 0);
    }
    ~OpenWitness() { ::close(fd_); }
    bool saw(std::string_view name) {
        bool found = false;
        alignas(inotify_event) std::array<char, 1 << 16> buffer;
        for (ssize_t size = 0; (size = ::read(fd_, buffer.data(), buffer.size())) > 0;) {
            for (char* at = buffer.data(); at < buffer.data() + size;) {
                const auto* event = reinterpret_cast<const inotify_event*>(at);
                found = found || (event->len != 0 && name == event->name);
                at += sizeof(inotify_event) + event->len;
            }
        }
        return found;
    }

private:
    int fd_;
};

/// What the program writes goes nowhere while this lives.
class SilentStreams {
public:
    SilentStreams() {
        std::fflush(nullptr);
        const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = 0; fd < 3; ++fd) {
            saved_[fd] = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
            ::dup2(nothing, fd);
        }
        ::close(nothing);
    }
    ~SilentStreams() {
        for (int fd = 0; fd < 3; ++fd) {
            ::dup2(saved_[fd], fd);
            ::close(saved_[fd]);
        }
    }

private:
    std::array<int, 3> saved_{};
};

class Dice {
public:
    bool happens(int percent) { return std::uniform_int_distribution(1, 100)(engine_) <= percent; }
    template <typename List>
    std::string one_of(const List& list) {
        return std::string(list[std::uniform_int_distribution<std::size_t>(0, std::size(list) - 1)(engine_)]);
    }

private:
    std::mt19937 engine_{kSeed};
};

constexpr const char* kPolicies[] = {
    "schema = 1\n[providers]\ndeny = [\"openai_compat\"]\n",
    "schema = 1\n[providers]\ndeny = [\"OpenAI-Compat\"]\n",
    "schema = 1\n[providers]\nallow = [\"qwen_oauth\"]\n",
    "schema = 1\n[providers]\nallow = [\"openai_compat\", \"qwen_oauth\"]\ndeny = [\"openai_compat\"]\n",
    "schema = 1\n[plugins]\ndirectories = [\"/usr/lib/corp\"]\n",
};
constexpr const char* kNames[] = {"openai", "openai_compat", "openai-compat", "OPENAI_COMPAT", "openrouter", "azure", "ollama", "vllm", "../openai_compat", "mine", "custom"};
constexpr const char* kUrls[] = {"http://127.0.0.1:9/v1", "https://api.openai.com/v1", "https://openrouter.ai/api/v1", "http://localhost:9/"};
constexpr const char* kVariables[] = {"OPENAI_API_KEY", "OPENROUTER_API_KEY", "OPENAI_MODEL", "QWEN_MODEL", "QWEN_STORAGE", "QWEN_POLICY", "QWEN_POLICY_FILE", "QWEN_SYSTEM_CONFIG",
                                      "QWEN_PLUGIN_PATH", "QWEN_TRUST_ORIGINS", "QWEN_SAFE_DIRECTORY", "SUDO_UID", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "LD_LIBRARY_PATH", "LD_PRELOAD",
                                      "QWEN_TEST_POLICY_DIRECTORY", "QWEN_NO_POLICY", "CI", "TMPDIR"};
constexpr const char* kFlags[] = {"--no-plugins", "--no-store", "--verbose", "--debug", "--plain", "--json", "--raw"};

/// A user who tries everything: one random home, project, environment and command line.
struct Attempt {
    system::Environment environment;
    std::vector<std::string> arguments;
};

void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

class Attacker {
public:
    explicit Attacker(const fs::path& root) : root_(root) {}

    Attempt next() {
        const auto home = root_ / dice_.one_of(kHomes);
        fs::remove_all(home);
        fs::create_directories(home / "project");
        Attempt attempt;
        attempt.environment.working_directory = home / "project";
        attempt.environment.home = dice_.happens(95) ? home : fs::path();
        attempt.environment.effective_uid = ::geteuid();
        if (dice_.happens(40)) attempt.environment.variables["QWEN_HOME"] = (root_ / dice_.one_of(kHomes) / ".qwen").string();
        set_variables(attempt.environment.variables, home);
        write_files(home);
        attempt.arguments = command_line(home);
        return attempt;
    }

private:
    std::string value_for(const std::string& name, const fs::path& home) {
        if (name.ends_with("KEY")) return "sk-attempt-0123456789";
        if (name == "SUDO_UID") return "0";
        if (name.ends_with("ORIGINS")) return dice_.one_of(kUrls);
        return dice_.happens(50) ? home.string() : (home / "policy.toml").string();
    }
    void set_variables(std::map<std::string, std::string, std::less<>>& variables, const fs::path& home) {
        for (const char* name : kVariables)
            if (dice_.happens(30)) variables[name] = value_for(name, home);
        if (dice_.happens(40)) variables["QWEN_PROVIDER"] = dice_.one_of(kNames);
        if (dice_.happens(60)) variables["OPENAI_BASE_URL"] = dice_.one_of(kUrls);
    }
    void write_files(const fs::path& home) {
        write(home / "policy.toml", "schema = 1\n[providers]\nallow = [\"openai_compat\"]\n");
        if (dice_.happens(30)) fs::copy_file(home / "policy.toml", home / "project/policy.toml");
        for (const char* place : {"project/.env", "project/.qwen/.env", ".qwen/.env", ".env"}) {
            if (!dice_.happens(35)) continue;
            std::string text = "OPENAI_BASE_URL=" + dice_.one_of(kUrls) + "\nQWEN_PROVIDER=" + dice_.one_of(kNames) + '\n';
            for (const char* name : kVariables)
                if (dice_.happens(30)) text += std::string(name) + '=' + value_for(name, home) + '\n';
            write(home / place, text);
        }
        if (dice_.happens(40))
            write(home / ".qwen/config.toml", "provider = \"" + dice_.one_of(kNames) + "\"\n[providers.openai_compat]\napi_key = \"sk-attempt-0123456789\"\n");
        if (dice_.happens(30))
            write(home / ".qwen/credentials.json", R"({"version":1,"secrets":{"openai_compat":{"default":{"api_key":{"value":"sk-attempt-0123456789","revision":1}}}}})");
        if (dice_.happens(25)) {
            fs::create_directories(home / ".qwen/plugins");
            fs::copy_file(fs::path(QWEN_BUNDLED_PLUGIN_DIRECTORY) / "openai_compat.so", home / ".qwen/plugins" / (dice_.happens(50) ? "openai_compat.so" : "mine.so"));
        }
    }
    std::vector<std::string> command_line(const fs::path& home) {
        std::vector<std::string> line;
        if (dice_.happens(40)) line.insert(line.end(), {"--provider", dice_.one_of(kNames)});
        if (dice_.happens(25)) line.insert(line.end(), {"--openai-api-key", "sk-attempt-0123456789"});
        if (dice_.happens(25)) line.insert(line.end(), {"--openai-base-url", dice_.one_of(kUrls)});
        if (dice_.happens(20)) line.insert(line.end(), {"--home", (home / ".qwen").string()});
        if (dice_.happens(20)) line.insert(line.end(), {"--auth-source", "file"});
        for (const char* flag : kFlags)
            if (dice_.happens(15)) line.emplace_back(flag);
        if (dice_.happens(15)) line.emplace_back("models");
        else if (dice_.happens(10)) line.insert(line.end(), {"auth", "refresh"});
        else line.insert(line.end(), {"-p", "hi"});
        return line;
    }

    static constexpr const char* kHomes[] = {"anna", "bert"};
    fs::path root_;
    Dice dice_;
};

}  // namespace

TEST_SUITE("host/policy_enforcement") {

TEST_CASE("10,000 random users cannot bring back a denied provider: its file stays closed and nothing succeeds") {
    char pattern[] = "/tmp/qwen-escape-XXXXXX";
    const fs::path root = ::mkdtemp(pattern);
    fs::create_directories(root / "etc");
    fs::permissions(root / "etc", fs::perms::owner_all);
    Attacker attacker(root);
    OpenWitness witness(QWEN_BUNDLED_PLUGIN_DIRECTORY);
    std::map<int, int> outcomes;
    int escapes = 0;
    {
        const SilentStreams silence;
        for (int i = 0; i < kCombinations; ++i) {
            if (i % 100 == 0) {
                std::ofstream(root / "etc/policy.toml") << kPolicies[(i / 100) % std::size(kPolicies)];
                fs::permissions(root / "etc/policy.toml", fs::perms::owner_read | fs::perms::owner_write);
            }
            auto attempt = attacker.next();
            // The copy of the plugin was made by the attacker, not by the program.
            static_cast<void>(witness.saw("openai_compat.so"));
            const std::vector<std::string_view> words(attempt.arguments.begin(), attempt.arguments.end());
            auto arguments = host::Arguments::of(words);
            const auto outcome = host::run(arguments, attempt.environment, {root / "etc/policy.toml", root / "etc/policy.d", ::geteuid()});
            ++outcomes[outcome.status];
            if (outcome.status == 0 || witness.saw("openai_compat.so")) ++escapes;
        }
    }
    fs::remove_all(root);
    std::printf("figure  policy combinations in process: %d, denied: %d, escapes: %d\n", kCombinations, outcomes[kDenied], escapes);
    CHECK(escapes == 0);
    // Most attempts are about the denied provider, and are told so; the rest are bad command lines or about nobody.
    CHECK(outcomes[kDenied] > kCombinations / 2);
}

}
