// What a plugin's own process takes away from itself before a byte of the plugin runs, and what of it the kernel granted.
//
// See docs/internals/isolation.md for what each measure is against, and for what none of them is.
#pragma once

#include <cstdint>
#include <string>

namespace qwen::host::plugin {

/// What was really applied in a plugin's process.
struct IsolationReport {
    bool own_session = false;
    bool dies_with_parent = false;
    bool no_new_privileges = false;
    bool not_dumpable = false;
    bool limits = false;             ///< memory, processor time, files, no file growth, no core
    bool seccomp = false;            ///< system calls by list: no socket, program, process or file for writing
    std::uint32_t landlock_abi = 0;  ///< version of Landlock in force; 0: the kernel has none

    /// Nothing but Landlock, which old kernels lack, is missing.
    [[nodiscard]] bool is_complete() const { return own_session && dies_with_parent && no_new_privileges && not_dumpable && limits && seccomp; }
    /// For people: "process, limits, seccomp, landlock 6".
    [[nodiscard]] std::string summary() const;
};

enum class Threads : std::uint8_t { none, allowed };

/// First thing in the process: session, parent, privileges, resources.
void limit_process(IsolationReport& report);
/// Before the plugin is mapped: files only for reading (Landlock: only below the library directories), no network, no new programs or processes.
/// `threads`: what the manifest asked for.
void confine_for_loading(Threads threads, IsolationReport& report);
/// When it is mapped: no file can be opened any more.
void confine_for_calls(IsolationReport& report);

}  // namespace qwen::host::plugin
