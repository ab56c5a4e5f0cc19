# find_package(QwenProviderSdk 1 CONFIG REQUIRED) gives QwenProviderSdk::provider (the headers) and qwen_add_provider().
#
# QWEN_PROVIDER_INSTALL_DIR   where `cmake --install` puts a provider, below the prefix; empty: nowhere
include(${CMAKE_CURRENT_LIST_DIR}/QwenProviderSdkTargets.cmake)
set(QWEN_PROVIDER_INSTALL_DIR lib/qwen/plugins CACHE STRING "Where cmake --install puts providers, below the prefix; empty: nowhere")
include(${CMAKE_CURRENT_LIST_DIR}/qwen_add_provider.cmake)
