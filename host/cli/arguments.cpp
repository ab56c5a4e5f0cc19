#include "host/cli/arguments.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace qwen::host {
namespace {

/// By ending, so that `--with-api-key` (a switch) only costs the display of the word after it. Wiping too much harms nothing: the copy is what counts.
bool flag_sounds_secret(std::string_view flag) {
    constexpr std::array<std::string_view, 4> kEndings{"key", "token", "secret", "password"};
    return flag.starts_with("--") && std::any_of(kEndings.begin(), kEndings.end(), [&](auto ending) { return flag.ends_with(ending); });
}

std::string_view flag_part(std::string_view argument) { return argument.substr(0, argument.find('=')); }

}  // namespace

Arguments Arguments::take(int argc, char** argv) {
    Arguments arguments;
    if (argc < 1) return arguments;
    arguments.originals_ = std::span(argv + 1, static_cast<std::size_t>(argc - 1));
    std::vector<std::string> flags;
    for (const char* argument : arguments.originals_) {
        arguments.values_.emplace_back(argument);
        if (const auto flag = flag_part(argument); flag_sounds_secret(flag)) flags.emplace_back(flag);
    }
    arguments.wipe_values_of(flags);
    return arguments;
}

Arguments Arguments::of(std::span<const std::string_view> values) {
    Arguments arguments;
    for (const auto value : values) arguments.values_.emplace_back(value);
    return arguments;
}

bool Arguments::contains(std::string_view value) const {
    return std::any_of(values_.begin(), values_.end(), [&](const Secret& own) { return own.reveal() == value; });
}

void Arguments::wipe_values_of(std::span<const std::string> flags) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
        const auto argument = values_[i].reveal();
        if (argument == "--") return;
        const auto flag = flag_part(argument);
        if (std::find(flags.begin(), flags.end(), flag) == flags.end()) continue;
        if (flag.size() < argument.size()) {
            wipe_original(i, flag.size() + 1);
        } else if (i + 1 < values_.size()) {
            wipe_original(i + 1, 0);
        }
    }
}

void Arguments::wipe_original(std::size_t index, std::size_t from) {
    held_a_secret_ = true;
    if (index >= originals_.size()) return;
    char* const text = originals_[index];
    const std::size_t size = values_[index].size();
    if (from < size) wipe(text + from, size - from);
}

}  // namespace qwen::host
