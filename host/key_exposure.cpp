#include "host/key_exposure.hpp"

#include "core/config/git_exposure.hpp"

namespace qwen::host {

std::optional<std::string> exposed_key_warning(const config::Resolution& resolution, const std::filesystem::path& home) {
    for (const auto& resolved : resolution.all()) {
        const auto* winner = resolved.winner();
        if (winner == nullptr || !resolved.setting.is_secret() || winner->from.trust != config::TrustClass::project) continue;
        const auto& path = winner->from.location.path;
        switch (config::git_exposure(path, home)) {
            case config::GitExposure::none: return std::nullopt;
            case config::GitExposure::tracked: return "git tracks the key in " + path + ": take the file out (git rm --cached), ignore it, and replace the key if it was pushed";
            case config::GitExposure::not_ignored: return "the key in " + path + " is one `git add .` from being published: put the file into .gitignore";
        }
    }
    return std::nullopt;
}

}  // namespace qwen::host
