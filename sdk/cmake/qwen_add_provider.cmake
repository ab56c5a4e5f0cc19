# qwen_add_provider(<id> SOURCES <file>... MANIFEST <plugin.toml> [STATIC_RUNTIME])
#
# Makes <id>.so, a provider plugin: the manifest goes into the file as an ELF note, qwen_provider_entry_v1 is the one exported symbol, every other
# symbol has to be resolved at link time, and the file is never unloaded. <id> is the file's stem and must be the manifest's `id`.
#   STATIC_RUNTIME   C++: libstdc++ and libgcc go into the file, so it also runs where they are older than here
# Outside this project, `cmake --install` puts it into QWEN_PROVIDER_INSTALL_DIR (empty: nowhere).
# The target is an ordinary MODULE: add options and libraries with target_link_libraries(<id> PRIVATE ...).
include_guard(GLOBAL)

function(qwen_add_provider id)
    cmake_parse_arguments(PARSE_ARGV 1 arg "STATIC_RUNTIME" "MANIFEST" "SOURCES")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_MANIFEST OR NOT arg_SOURCES)
        message(FATAL_ERROR "usage: qwen_add_provider(<id> SOURCES <file>... MANIFEST <plugin.toml> [STATIC_RUNTIME])")
    endif()

    get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
    set(note_extension c)
    if(NOT "C" IN_LIST languages)
        set(note_extension cpp)
    endif()
    get_filename_component(manifest ${arg_MANIFEST} ABSOLUTE)
    set(note ${CMAKE_CURRENT_BINARY_DIR}/${id}_manifest_note.${note_extension})
    add_custom_command(OUTPUT ${note}
        COMMAND QwenProviderSdk::manifest_note ${manifest} -o ${note} --id ${id}
        DEPENDS ${manifest} QwenProviderSdk::manifest_note
        COMMENT "Checking ${arg_MANIFEST}" VERBATIM)

    add_library(${id} MODULE ${arg_SOURCES} ${note})
    target_link_libraries(${id} PRIVATE QwenProviderSdk::provider)
    target_link_options(${id} PRIVATE
        -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/provider.map -Wl,-z,defs -Wl,-z,now -Wl,-z,nodelete -Wl,--exclude-libs,ALL
        $<$<BOOL:${arg_STATIC_RUNTIME}>:-static-libstdc++$<SEMICOLON>-static-libgcc>)
    set_target_properties(${id} PROPERTIES
        PREFIX "" SUFFIX ".so" NO_SONAME ON
        C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
        LINK_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/provider.map)
    if(QWEN_PLUGIN_DIRECTORY)
        set_target_properties(${id} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${QWEN_PLUGIN_DIRECTORY})
    endif()
    if(QWEN_PROVIDER_INSTALL_DIR)
        install(TARGETS ${id} LIBRARY DESTINATION ${QWEN_PROVIDER_INSTALL_DIR})
    endif()
endfunction()

# qwen_add_provider_test(<id>)
#
# Adds the test <id>/check (call include(CTest) or enable_testing() before): `qwen plugin check` on the built file. Needs the program; where it is not
# installed beside the SDK or on PATH, say where with -DQWEN_PROGRAM=/path/to/qwen. Without it there is no test, and configuring says so.
function(qwen_add_provider_test id)
    find_program(QWEN_PROGRAM qwen HINTS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../../bin DOC "the program that checks providers")
    if(NOT QWEN_PROGRAM)
        message(STATUS "There is no qwen to check ${id} with (set QWEN_PROGRAM)")
        return()
    endif()
    add_test(NAME ${id}/check COMMAND ${QWEN_PROGRAM} plugin inspect $<TARGET_FILE:${id}>)
endfunction()
