// Reads what a plugin file says of itself without running a byte of it.
//
// Works from the program headers, as the dynamic loader does: an ELF file without any section table still loads and runs, so a check by section can be
// walked around. Every offset is checked against the size of the file first; a file that passes here is one whose segments the loader can map.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace qwen::host::plugin {

/// The parts of a plugin's ELF image that decide whether it may be opened, and those people ask for.
struct ElfFacts {
    /// JSON of the note .note.qwen.plugin, not parsed yet.
    std::string manifest;
    /// DT_NEEDED, in order.
    std::vector<std::string> needed;
    /// "GLIBC_2.34 (libc.so.6)".
    std::vector<std::string> version_needs;
    /// Defined symbols other files can see.
    std::vector<std::string> exported;
    /// DT_RUNPATH or DT_RPATH; empty: none.
    std::string run_path;
    /// Hexadecimal GNU build id; empty: none.
    std::string build_id;
    /// Functions that run when the file is opened. One belongs to the compiler's runtime.
    std::size_t constructors = 0;
};

/// The manifest alone, from the first part of a file: notes stand behind the headers, in the first page. For listings and settings; what is going to be
/// opened goes through inspect_elf. Errors: plugin_refused, plugin_incompatible.
[[nodiscard]] Result<std::string> find_manifest(std::string_view head, const std::string& path);

/// `path` is used in messages only. Errors: plugin_refused (no plugin, damaged, or a kind of file that must not be opened),
/// plugin_incompatible (another machine).
[[nodiscard]] Result<ElfFacts> inspect_elf(std::string_view file, const std::string& path);

}  // namespace qwen::host::plugin
