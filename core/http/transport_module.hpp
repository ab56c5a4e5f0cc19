// The one symbol of a transport module, and what both sides agree on.
//
// A module is built with this program and shares its C++ types; the version string keeps a module of another build out. It is opened by the host (decision 0011).
#pragma once

#include "core/http/byte_stream.hpp"

#define QWEN_STREAM_FACTORY_SYMBOL "qwen_make_stream_factory"

namespace qwen::http {

/// Changes with every build of the program.
[[nodiscard]] const char* transport_module_version();

/// Makes the module's factory, owned by the module for the life of the process; null when `version` is not this build's.
/// `options` is read during the call only.
using MakeStreamFactory = StreamFactory* (*)(const char* version, const NetworkOptions* options, Error* error);

}  // namespace qwen::http
