# cmake --install BUILD --component sdk: what an author of plugins needs, relocatable, and nothing of the program.
# The package's version is the version of the plugin interface, not of the program: find_package(QwenProviderSdk 1).
include(CMakePackageConfigHelpers)

file(STRINGS ${PROJECT_SOURCE_DIR}/sdk/include/qwen/abi.h lines REGEX "^#define QWEN_ABI_(MAJOR|MINOR) ")
string(REGEX REPLACE ".*MAJOR ([0-9]+)u.*MINOR ([0-9]+)u.*" "\\1.\\2" QWEN_ABI_VERSION "${lines}")

set(package_directory lib/cmake/QwenProviderSdk)
configure_file(${CMAKE_CURRENT_LIST_DIR}/qwen-provider-sdk.pc.in ${CMAKE_CURRENT_BINARY_DIR}/qwen-provider-sdk.pc @ONLY)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/QwenProviderSdkConfigVersion.cmake
    VERSION ${QWEN_ABI_VERSION} COMPATIBILITY SameMajorVersion)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/include/qwen DESTINATION include COMPONENT sdk FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(TARGETS qwen_sdk qwen_manifest_note EXPORT QwenProviderSdkTargets RUNTIME DESTINATION libexec/qwen COMPONENT sdk)
install(EXPORT QwenProviderSdkTargets NAMESPACE QwenProviderSdk:: DESTINATION ${package_directory} COMPONENT sdk)
install(FILES
    ${CMAKE_CURRENT_LIST_DIR}/QwenProviderSdkConfig.cmake
    ${CMAKE_CURRENT_LIST_DIR}/qwen_add_provider.cmake
    ${CMAKE_CURRENT_LIST_DIR}/provider.map
    ${CMAKE_CURRENT_BINARY_DIR}/QwenProviderSdkConfigVersion.cmake
    DESTINATION ${package_directory} COMPONENT sdk)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/qwen-provider-sdk.pc DESTINATION lib/pkgconfig COMPONENT sdk)
# One complete project each, to read and to copy; `qwen plugin new` writes the same files under another name.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/samples DESTINATION share/qwen COMPONENT sdk)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/plugins DESTINATION share/doc/qwen COMPONENT sdk)
