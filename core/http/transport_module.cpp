#include "core/http/transport_module.hpp"

#ifndef QWEN_BUILD_VERSION
#error "QWEN_BUILD_VERSION comes from core/http/CMakeLists.txt"
#endif

namespace qwen::http {

const char* transport_module_version() { return QWEN_BUILD_VERSION; }

}  // namespace qwen::http
