#include "core/system/environment.hpp"

#include <pwd.h>
#include <unistd.h>

#include <vector>

namespace qwen::system {
namespace {

std::filesystem::path home_of_user(uid_t user) {
    std::vector<char> buffer(16u << 10);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
    return entry.pw_dir;
}

std::filesystem::path find_home(const Environment& environment) {
    const std::filesystem::path from_variable = environment.variable("HOME").value_or("");
    if (from_variable.is_absolute()) return from_variable;
    const std::filesystem::path from_database = home_of_user(environment.effective_uid);
    return from_database.is_absolute() ? from_database : std::filesystem::path();
}

}  // namespace

std::optional<std::string_view> Environment::variable(std::string_view name) const {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
}

bool Environment::has(std::string_view name) const { return !variable(name).value_or("").empty(); }

Environment Environment::capture() {
    Environment environment;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        // Like getenv: of two entries with one name the first counts.
        if (equals != std::string_view::npos) environment.variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    std::error_code failure;
    environment.working_directory = std::filesystem::current_path(failure);
    if (failure) environment.working_directory = "/";  // the directory was removed under us
    environment.effective_uid = ::geteuid();
    environment.home = find_home(environment);
    return environment;
}

}  // namespace qwen::system
