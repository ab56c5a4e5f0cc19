// Opens every misbehaviour of the fault zoo at every entry point, and many corrupted copies of a good plugin, through the door every plugin goes
// through; after each, a good plugin has to work. Prints the figures.
#include <dirent.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "tests/fakes/temporary_directory.hpp"
#include "tests/fault_zoo/behaviours.h"
#include "tests/unit/host/plugin/provider_scene.hpp"

using namespace qwen;
using namespace qwen::host::plugin;

namespace {

enum class Expected { KILLS, DENIED, HARMLESS };
struct Behaviour {
    const char* name;
    Expected expected;
};

constexpr std::array kBehaviours{
#define ZOO_ROW(name, outcome) Behaviour{#name, Expected::outcome},
    ZOO_BEHAVIOURS(ZOO_ROW)
#undef ZOO_ROW
};
constexpr std::array kPlaces{
#define ZOO_ROW(name) #name,
    ZOO_PLACES(ZOO_ROW)
#undef ZOO_ROW
};

std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::filesystem::path& path, const std::string& bytes) {
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << bytes;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

std::size_t open_files() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

Result<void> call(PluginProvider& provider, std::string_view place) {
    const auto drop = [](auto result) -> Result<void> {
        if (result) return {};
        return std::move(result).error();
    };
    const auth::RequestShape chat{.operation = "chat.completions", .method = "POST", .path = "/chat/completions", .model = "m", .streaming = true};
    if (place == "authorize") return drop(provider.authorize(chat, {}));
    if (place == "on_response") return drop(provider.on_response({.status = 401, .headers = {{"a", "b"}}, .body_start = "{}"}, {}));
    if (place == "login") return provider.login("", {});
    if (place == "logout") return provider.logout({});
    if (place == "refresh") return provider.refresh({});
    if (place == "account_status") return drop(provider.account_facts({}));
    if (place == "list_models") return drop(provider.list_models({}));
    if (place == "sign") return drop(provider.sign({"POST", "https://api.example.com/v1", {}, {}, "{}"}, {}));
    return drop(provider.state({}));
}

struct Outcome {
    enum class Stage { refused_before_opening, failed_in_process, worked } stage = Stage::worked;
    Error error;
};

class Zoo {
public:
    Zoo(std::filesystem::path program, std::filesystem::path fixtures) : fixtures_(std::move(fixtures)) {
        settings_.program = std::move(program);
        settings_.offline_limit = std::chrono::milliseconds(400);
        settings_.silence_limit = std::chrono::milliseconds(400);
    }

    /// Every behaviour at every `stride`-th place.
    void misbehaviours(std::size_t stride) {
        std::string image = read(fixtures_ / "fault_zoo.so");
        const auto mark = image.find(ZOO_MARK);
        std::size_t runs = 0;
        std::size_t died = 0;
        for (std::size_t behaviour = 0; behaviour < kBehaviours.size(); ++behaviour) {
            for (std::size_t place = behaviour % stride; place < kPlaces.size(); place += stride) {
                image[mark + 4] = static_cast<char>(behaviour + 1);
                image[mark + 5] = static_cast<char>(place + 1);
                const Outcome outcome = run("fault_zoo", image, kPlaces[place]);
                judge(kBehaviours[behaviour], kPlaces[place], outcome);
                check_host(fmt::format("{} at {}", kBehaviours[behaviour].name, kPlaces[place]));
                died += outcome.error.code == ErrorCode::plugin_fault ? 1 : 0;
                ++runs;
            }
        }
        fmt::print("misbehaviours: {} x {} entry points, {} runs survived, {} of them ended in a fault of the plugin\n", kBehaviours.size(), kPlaces.size(), runs,
                   died);
    }

    void corrupted_files(std::size_t count, unsigned seed) {
        const std::string good = read(fixtures_ / "well_behaved.so");
        std::mt19937 random(seed);
        std::array<std::size_t, 3> stages{};
        for (std::size_t i = 0; i < count; ++i) {
            const Outcome outcome = run("well_behaved", corrupt(good, i % 3, random), "state");
            ++stages[static_cast<std::size_t>(outcome.stage)];
            if (outcome.stage != Outcome::Stage::worked && outcome.error.message.empty()) complain(fmt::format("corrupted file {} of seed {}: no reason given", i, seed));
            check_host(fmt::format("corrupted file {} of seed {}", i, seed));
        }
        fmt::print("corrupted files: {} (seed {}): {} refused before they were opened, {} failed in their process, {} worked\n", count, seed, stages[0], stages[1],
                   stages[2]);
    }

    [[nodiscard]] int complaints() const { return complaints_; }

private:
    void complain(const std::string& what) {
        ++complaints_;
        fmt::print(stderr, "FAILED: {}\n", what);
    }

    static std::string corrupt(std::string image, std::size_t kind, std::mt19937& random) {
        const auto below = [&](std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random); };
        if (kind == 0) {
            for (auto left = 1 + below(8); left > 0; --left) image[below(image.size())] ^= static_cast<char>(1U << below(8));
        } else if (kind == 1) {
            image.resize(below(image.size()));
        } else {
            // The ELF header and the program headers behind it, or the section headers at the end.
            const std::size_t start = below(2) == 0 ? 0 : image.size() - std::min<std::size_t>(image.size(), 2048);
            for (auto left = 1 + below(4); left > 0; --left) image[start + below(600)] = static_cast<char>(below(256));
        }
        return image;
    }

    /// The program resolves the settings before it opens a plugin; a manifest with a changed byte may have a default that is none.
    static Result<void> settle(const Manifest& manifest) {
        config::SettingTable table;
        for (const config::Setting& setting : manifest.settings) QWEN_CHECK(table.add(setting));
        QWEN_CHECK(config::resolve(table, {}));
        return {};
    }

    Outcome run(const std::string& id, const std::string& image, std::string_view place) {
        write(folder_.path() / (id + ".so"), image);
        auto found = PluginHost({.bundled = {}, .user = folder_.path()}, {}).find(id);
        if (!found) return {Outcome::Stage::refused_before_opening, found.error()};
        if (auto settled = settle(found->plugin.manifest); !settled) return {Outcome::Stage::refused_before_opening, settled.error()};
        tests::ProviderScene scene(found->plugin.manifest);
        auto provider = PluginHost::open(std::move(*found), scene.dependencies(), settings_);
        if (!provider) return {Outcome::Stage::failed_in_process, provider.error()};
        auto called = call(**provider, place);
        if (!called) return {Outcome::Stage::failed_in_process, called.error()};
        return {};
    }

    void judge(const Behaviour& behaviour, std::string_view place, const Outcome& outcome) {
        const auto what = fmt::format("{} at {}: {}", behaviour.name, place, outcome.error.message);
        if (outcome.stage == Outcome::Stage::refused_before_opening) return complain(what + " (never opened)");
        if (outcome.error.message.find('\n') != std::string::npos || outcome.error.message.find('\033') != std::string::npos) complain(what + " (control characters)");
        if (outcome.stage != Outcome::Stage::worked && outcome.error.message.empty()) complain(what + " (no reason given)");
        if (place == "destroy") return;
        const bool unharmed = outcome.stage == Outcome::Stage::worked;
        if (behaviour.expected == Expected::DENIED && !unharmed) complain(what + " (the sandbox should have refused it)");
        if (behaviour.expected == Expected::KILLS && outcome.error.code != ErrorCode::plugin_fault) complain(what + " (expected a fault)");
    }

    /// A good plugin works, nothing is left open, no process is left behind.
    void check_host(const std::string& after) {
        auto found = PluginHost({.bundled = fixtures_, .user = {}}, {}).find("well_behaved");
        if (!found) return complain(after + ": the good plugin is not found any more");
        {
            tests::ProviderScene scene(found->plugin.manifest, {{"api_key", "sk-test"}});
            auto provider = PluginHost::open(std::move(*found), scene.dependencies(), {.program = settings_.program});
            if (!provider || !(*provider)->state({})) return complain(after + ": the good plugin does not work any more");
        }
        if (const auto now = open_files(); files_ == 0) {
            files_ = now;
        } else if (now != files_) {
            complain(fmt::format("{}: {} files open instead of {}", after, now, files_));
        }
        if (::waitpid(-1, nullptr, WNOHANG) != -1) complain(after + ": a process is left");
    }

    std::filesystem::path fixtures_;
    tests::TemporaryDirectory folder_;
    IsolationSettings settings_;
    std::size_t files_ = 0;
    int complaints_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        fmt::print(stderr, "usage: fault_zoo PROGRAM FIXTURES [--full] [--seed N]\n");
        return 2;
    }
    bool full = false;
    unsigned seed = 1;
    for (int i = 3; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--full") full = true;
        if (std::string_view(argv[i]) == "--seed" && i + 1 < argc) seed = static_cast<unsigned>(std::stoul(argv[++i]));
    }
    Zoo zoo(argv[1], argv[2]);
    zoo.misbehaviours(full ? 1 : 6);
    zoo.corrupted_files(full ? 900 : 90, seed);
    fmt::print("{} complaints\n", zoo.complaints());
    return zoo.complaints() == 0 ? 0 : 1;
}
