// What a process of its own costs a plugin: medians of the first use and of later calls, beside the same plugin in this process.
//
// Each first use is of a file with another hash, because a plugin is loaded once in a process.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "core/system/clock.hpp"
#include "tests/fakes/temporary_directory.hpp"
#include "tests/unit/host/plugin/provider_scene.hpp"

using namespace qwen;
using namespace qwen::host::plugin;

namespace {

constexpr int kFirstUses = 41;
constexpr int kCalls = 2001;

using Times = std::vector<double>;

double median(Times times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

template <typename Work>
double microseconds(Work work) {
    const system::SystemClock clock;
    const auto start = clock.monotonic_now();
    work();
    return std::chrono::duration<double, std::micro>(clock.monotonic_now() - start).count();
}

void authorize(PluginProvider& provider) {
    const auth::RequestShape chat{.operation = "chat.completions", .method = "POST", .path = "/chat/completions", .model = "m", .streaming = true};
    if (!provider.authorize(chat, {})) std::abort();
}

class Comparison {
public:
    Comparison(std::filesystem::path program, const std::filesystem::path& plugin) {
        settings_.program = std::move(program);
        std::ifstream in(plugin, std::ios::binary);
        image_.assign(std::istreambuf_iterator<char>(in), {});
    }

    /// Open, create and the first authorize; then `later` more calls.
    void run(Isolation isolation, Times& first, Times& later, int calls) {
        image_ += '\0';
        const auto file = folder_.path() / "well_behaved.so";
        std::filesystem::remove(file);
        std::ofstream(file, std::ios::binary) << image_;
        auto found = PluginHost({.bundled = {}, .user = folder_.path()}, {}).find("well_behaved");
        if (!found) std::abort();
        found->plugin.isolation = isolation;
        tests::ProviderScene scene(found->plugin.manifest, {{"api_key", "sk-test"}});
        std::unique_ptr<PluginProvider> provider;
        first.push_back(microseconds([&] {
            provider = PluginHost::open(std::move(*found), scene.dependencies(), settings_).value();
            authorize(*provider);
        }));
        for (int i = 0; i < calls; ++i) later.push_back(microseconds([&] { authorize(*provider); }));
    }

private:
    tests::TemporaryDirectory folder_;
    IsolationSettings settings_;
    std::string image_;
};

}  // namespace

int main(int argc, char** argv) {
    const bool json = argc == 4 && std::string_view(argv[3]) == "--json";
    if (argc != 3 && !json) {
        fmt::print(stderr, "usage: bench_isolation PROGRAM WELL_BEHAVED.so [--json] (absolute paths)\n");
        return 2;
    }
    Comparison comparison(argv[1], argv[2]);
    Times direct_first, direct_later, isolated_first, isolated_later;
    for (int i = 0; i < kFirstUses; ++i) {
        const int calls = i == 0 ? kCalls : 0;
        comparison.run(Isolation::in_process, direct_first, direct_later, calls);
        comparison.run(Isolation::own_process, isolated_first, isolated_later, calls);
    }
    if (json) {
        fmt::print(R"({{"first_us":{{"direct":[{}],"isolated":[{}]}},"later_us":{{"direct":[{}],"isolated":[{}]}}}})" "\n", fmt::join(direct_first, ","),
                   fmt::join(isolated_first, ","), fmt::join(direct_later, ","), fmt::join(isolated_later, ","));
        return 0;
    }
    fmt::print("first use (open, create, authorize), medians of {}: in process {:.0f} us, isolated {:.0f} us, {:+.0f} us (goal: at most +2000)\n", kFirstUses,
               median(direct_first), median(isolated_first), median(isolated_first) - median(direct_first));
    fmt::print("later call (authorize), medians of {}: in process {:.1f} us, isolated {:.1f} us, {:+.1f} us (goal: at most +100)\n", kCalls, median(direct_later),
               median(isolated_later), median(isolated_later) - median(direct_later));
    return 0;
}
