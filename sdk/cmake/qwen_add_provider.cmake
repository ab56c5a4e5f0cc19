# qwen_add_provider(<id> SOURCES <file>... MANIFEST <plugin.toml> [STATIC_RUNTIME])
#
# Makes <id>.so, a provider plugin: the manifest goes into the file as an ELF note, qwen_provider_entry_v1 is the one exported symbol, every other
# symbol has to be resolved at link time, and the file is never unloaded. <id> is the file's stem and must be the manifest's `id`.
#   SOURCES          C or C++; or Rust: the crate's root first, then its modules (rustc is enough, there are no crates)
#   STATIC_RUNTIME   C++: libstdc++ and libgcc go into the file, so it also runs where they are older than here
# Outside this project, `cmake --install` puts it into QWEN_PROVIDER_INSTALL_DIR (empty: nowhere).
# The target is an ordinary MODULE: add options and libraries with target_link_libraries(<id> PRIVATE ...).
include_guard(GLOBAL)
include(CheckLinkerFlag)

# Compiles a crate to an archive and links it in whole: its std goes into the file too. The version script hides all of it but the entry function.
# No --exclude-libs here: the entry function itself comes out of an archive.
function(qwen_link_rust id root)
    find_program(QWEN_RUSTC rustc DOC "the Rust compiler")
    if(NOT QWEN_RUSTC)
        message(FATAL_ERROR "${id} is written in Rust and there is no rustc (on Debian: apt install rustc), or set QWEN_RUSTC")
    endif()
    set(archive ${CMAKE_CURRENT_BINARY_DIR}/lib${id}_crate.a)
    set(sources ${root} ${ARGN})
    list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
    list(GET sources 0 crate_root)
    add_custom_command(OUTPUT ${archive}
        COMMAND ${QWEN_RUSTC} --edition 2021 --crate-type staticlib --crate-name ${id} -C opt-level=2 -C panic=abort -C relocation-model=pic
            ${crate_root} -o ${archive}
        DEPENDS ${sources} COMMENT "Compiling ${root} with rustc" VERBATIM)
    add_custom_target(${id}_crate DEPENDS ${archive})
    add_dependencies(${id} ${id}_crate)
    target_link_libraries(${id} PRIVATE ${archive})
    target_link_options(${id} PRIVATE -Wl,--undefined=qwen_provider_entry_v1 -Wl,--gc-sections -static-libgcc $<$<NOT:$<CONFIG:Debug>>:-Wl,--strip-debug>)
    set_property(TARGET ${id} APPEND PROPERTY LINK_DEPENDS ${archive})
endfunction()

function(qwen_add_provider id)
    cmake_parse_arguments(PARSE_ARGV 1 arg "STATIC_RUNTIME" "MANIFEST" "SOURCES")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_MANIFEST OR NOT arg_SOURCES)
        message(FATAL_ERROR "usage: qwen_add_provider(<id> SOURCES <file>... MANIFEST <plugin.toml> [STATIC_RUNTIME])")
    endif()

    get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
    set(note_extension c)
    set(note_language C)
    if(NOT "C" IN_LIST languages)
        set(note_extension cpp)
        set(note_language CXX)
    endif()
    get_filename_component(manifest ${arg_MANIFEST} ABSOLUTE)
    set(note ${CMAKE_CURRENT_BINARY_DIR}/${id}_manifest_note.${note_extension})
    add_custom_command(OUTPUT ${note}
        COMMAND QwenProviderSdk::manifest_note ${manifest} -o ${note} --id ${id}
        DEPENDS ${manifest} QwenProviderSdk::manifest_note
        COMMENT "Checking ${arg_MANIFEST}" VERBATIM)

    set(rust_sources ${arg_SOURCES})
    list(FILTER rust_sources INCLUDE REGEX "\\.rs$")
    add_library(${id} MODULE ${arg_SOURCES} ${note})
    target_link_libraries(${id} PRIVATE QwenProviderSdk::provider)
    if(rust_sources)
        qwen_link_rust(${id} ${rust_sources})
    else()
        target_link_options(${id} PRIVATE -Wl,--exclude-libs,ALL)
    endif()
    # A forgotten entry function fails here and not when somebody loads the file; lld has no such option.
    check_linker_flag(${note_language} -Wl,--require-defined=main QWEN_LINKER_HAS_REQUIRE_DEFINED)
    if(QWEN_LINKER_HAS_REQUIRE_DEFINED)
        target_link_options(${id} PRIVATE -Wl,--require-defined=qwen_provider_entry_v1)
    endif()
    target_link_options(${id} PRIVATE
        -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/provider.map -Wl,-z,defs -Wl,-z,now -Wl,-z,nodelete
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
# Adds the test <id>/check (call include(CTest) or enable_testing() before): `qwen plugin check` on the built file. Where the program is
# not installed beside the SDK or on PATH, say where with -DQWEN_PROGRAM=/path/to/qwen. Without it there is no test, and configuring says so.
function(qwen_add_provider_test id)
    find_program(QWEN_PROGRAM qwen HINTS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../../bin DOC "the program that checks providers")
    if(NOT QWEN_PROGRAM)
        message(STATUS "There is no qwen to check ${id} with (set QWEN_PROGRAM)")
        return()
    endif()
    add_test(NAME ${id}/check COMMAND ${QWEN_PROGRAM} plugin check $<TARGET_FILE:${id}>)
endfunction()
