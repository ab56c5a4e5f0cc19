// qwen-plugin-check FILE.so: the program behind `qwen plugin check`. A program of its own, because it runs the plugin's code, and so that
// qwen does not carry it along.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "host/plugin/check/report.hpp"

namespace {

using namespace qwen;
using namespace qwen::host::plugin;

constexpr int kExitUsage = 2;

struct Arguments {
    std::string file;
    check::CheckSettings settings;
    bool json = false;
    bool reproduces = false;
    bool prints_rules = false;
};

template <typename Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    return problem == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

bool add_rule(Arguments& arguments, std::string_view id) {
    const auto* const rule = check::find_rule(id);
    if (rule != nullptr) arguments.settings.only.push_back(rule);
    return rule != nullptr;
}

/// "QP026:7"
bool reproduce(Arguments& arguments, std::string_view value) {
    const auto colon = value.find(':');
    const auto seed = number<std::uint64_t>(value.substr(std::min(colon + 1, value.size())));
    if (colon == std::string_view::npos || !seed || !add_rule(arguments, value.substr(0, colon))) return false;
    arguments.settings.seed = *seed;
    arguments.reproduces = true;
    return true;
}

bool apply(Arguments& arguments, std::string_view flag, std::string_view value) {
    if (flag == "--only") return add_rule(arguments, value);
    if (flag == "--reproduce") return reproduce(arguments, value);
    if (flag == "--seed") {
        const auto seed = number<std::uint64_t>(value);
        if (seed) arguments.settings.seed = *seed;
        return seed.has_value();
    }
    if (flag == "--timeout") {
        const auto seconds = number<int>(value);
        if (seconds && *seconds > 0 && *seconds <= 3600) arguments.settings.timeout = std::chrono::seconds(*seconds);
        return seconds && *seconds > 0 && *seconds <= 3600;
    }
    return false;
}

/// Nullopt: said what is wrong.
std::optional<Arguments> parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--json") {
            arguments.json = true;
        } else if (word == "--print-rules") {
            arguments.prints_rules = true;
        } else if (!word.starts_with("--") && arguments.file.empty()) {
            arguments.file = word;
        } else if (i + 1 >= argc || !apply(arguments, word, argv[i + 1])) {
            fmt::print(stderr, "qwen: plugin check does not understand {} {}\n  try: qwen help plugin check\n", word,
                       i + 1 < argc ? argv[i + 1] : "");
            return std::nullopt;
        } else {
            ++i;
        }
    }
    if (!arguments.prints_rules && arguments.file.empty()) {
        fmt::print(stderr, "qwen: plugin check needs a file\n  try: qwen plugin check FILE.so\n");
        return std::nullopt;
    }
    return arguments;
}

}  // namespace

int main(int argc, char** argv) {
    const auto arguments = parse(argc, argv);
    if (!arguments) return kExitUsage;
    if (arguments->prints_rules) {
        fmt::print("{}", check::rules_page());
        return 0;
    }
    const auto path = std::filesystem::absolute(arguments->file).lexically_normal();
    const auto examined = examine_plugin({path.stem().native(), path, PluginPlace::user});
    if (!examined && examined.error().code == ErrorCode::plugin_missing) {
        fmt::print(stderr, "qwen: {} ({})\n", examined.error().message, path.native());
        return kExitUsage;
    }
    const auto outcomes = check::run_checks(examined, arguments->settings);
    const auto& seed = arguments->settings.seed;
    fmt::print("{}", arguments->json ? check::report_json(path.native(), outcomes, seed)
                                     : check::report_text(path.native(), outcomes, seed, arguments->reproduces));
    return check::has_failed(outcomes) ? 1 : 0;
}
