// Entry calls and their results as messages.
//
// The side that reads a result is the program, and what it reads is hostile: a result goes through the same sink as an in-process plugin's.
#pragma once

#include <string>

#include "host/plugin/entry_call.hpp"
#include "host/plugin/isolation/sandbox.hpp"
#include "host/plugin/isolation/wire.hpp"

namespace qwen::host::plugin {

/// What a plugin's process is told first.
struct StartMessage {
    std::string plugin;  ///< id; empty: only apply the sandbox and report it
    std::string path;    ///< for messages
};

/// What it answers when the plugin is loaded, or cannot be.
struct HelloMessage {
    bool loaded = false;
    bool incompatible = false;  ///< not loaded: the reason is plugin_incompatible rather than plugin_refused
    std::string reason;
    std::string hint;  ///< what can be done about it; may be empty
    Capabilities capabilities;
    IsolationReport applied;
};

void write_start(WireWriter& out, const StartMessage& start);
[[nodiscard]] bool read_start(WireReader& in, StartMessage& start);
void write_hello(WireWriter& out, const HelloMessage& hello);
[[nodiscard]] bool read_hello(WireReader& in, HelloMessage& hello);

void write_call(WireWriter& out, const EntryCall& call);
/// `call.final_request.body` is borrowed from the message.
[[nodiscard]] bool read_call(WireReader& in, EntryCall& call);
void write_result(WireWriter& out, const EntryResult& result);
/// False also when the result holds what `entry` may not give, or what may not go into a request.
[[nodiscard]] bool read_result(WireReader& in, EntryPoint entry, EntryResult& result);

}  // namespace qwen::host::plugin
