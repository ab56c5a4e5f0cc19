// Warns of a key in a project's .env that git tracks, or would take with the next `git add .`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/config/resolver.hpp"

namespace qwen::host {

/// One sentence; nullopt: no key in use comes from a project's file, or the file is ignored. `home` may be empty.
[[nodiscard]] std::optional<std::string> exposed_key_warning(const config::Resolution& resolution, const std::filesystem::path& home);

}  // namespace qwen::host
