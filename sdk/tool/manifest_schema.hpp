// The manifest as an author writes it (plugin.toml) turned into the JSON that travels inside the plugin.
//
// Everything an author can get wrong is said here, at build time, with line and column. The host checks the JSON again by its own rules
// when it reads a plugin: a file from elsewhere need not have come from this tool.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qwen::sdk {

struct ManifestIdentity {
    /// Stem of the plugin's file, which `id` must equal; empty: not checked.
    std::string_view file_stem;
    /// ABI of the headers in use, "1.0": becomes `abi_built`.
    std::string_view abi_built;
};

struct ManifestConversion {
    /// Compact JSON; meaningless when there are problems.
    std::string json;
    /// One line each, "plugin.toml:3:1: unknown key 'vendr' (did you mean 'vendor'?)".
    std::vector<std::string> problems;
};

/// Reads TOML text; `path` is used in messages only. Throws nothing.
[[nodiscard]] ManifestConversion convert_manifest(std::string_view toml_text, const std::string& path, const ManifestIdentity& identity);

}  // namespace qwen::sdk
