// What may pass between a plugin and the host in one call, whichever side of a process boundary counts it (docs/plugins/README.md).
#pragma once

#include <cstddef>

namespace qwen::host::plugin {

inline constexpr std::size_t kMaxText = 64u << 10;        ///< bytes of a text: a log line, a stored value, an answer of a person
inline constexpr std::size_t kMaxHeaderValue = 8u << 10;  ///< bytes of a header's name or value, or of a URL that is shown
inline constexpr std::size_t kMaxBody = 1u << 20;         ///< bytes of the body of a request, or of its answer
inline constexpr std::size_t kMaxHeaders = 100;           ///< of one request

}  // namespace qwen::host::plugin
