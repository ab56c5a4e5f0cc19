# Compiler options, as interface targets that a target asks for by name. Nothing is set globally.

add_library(qwen_build_options INTERFACE)
target_compile_features(qwen_build_options INTERFACE cxx_std_20 c_std_11)
target_compile_options(qwen_build_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
    # g++ 12 warns of overlapping copies inside std::string where there are none (GCC bug 105651).
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>
    $<$<BOOL:${QWEN_WERROR}>:-Werror>
    -fvisibility=hidden
    $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>
    -fstack-protector-strong
    $<$<CONFIG:Release>:-fstack-clash-protection>
    $<$<CONFIG:Release>:-fcf-protection>)
target_compile_definitions(qwen_build_options INTERFACE
    _GLIBCXX_ASSERTIONS
    $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
target_link_options(qwen_build_options INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)
target_include_directories(qwen_build_options INTERFACE ${CMAKE_SOURCE_DIR})

if(QWEN_SANITIZER STREQUAL "address")
    target_compile_options(qwen_build_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    target_link_options(qwen_build_options INTERFACE -fsanitize=address,undefined)
elseif(QWEN_SANITIZER STREQUAL "thread")
    target_compile_options(qwen_build_options INTERFACE -fsanitize=thread)
    target_link_options(qwen_build_options INTERFACE -fsanitize=thread)
elseif(NOT QWEN_SANITIZER STREQUAL "")
    message(FATAL_ERROR "QWEN_SANITIZER is address, thread or empty, not '${QWEN_SANITIZER}'")
endif()

# Coverage that libFuzzer follows; the fuzzer itself is linked into the targets of tests/fuzz alone.
if(QWEN_FUZZERS)
    target_compile_options(qwen_build_options INTERFACE -fsanitize=fuzzer-no-link)
    # clang puts the sanitizers into the program alone, so the plugins of this build have symbols that only it defines.
    target_link_options(qwen_build_options INTERFACE -fsanitize=fuzzer-no-link -Wl,-z,undefs)
endif()

# For a program that loads plugins. They find nothing of it by name: what they get, they get through the table. Its own C++ runtime is inside
# (decision 0016); a sanitizer needs the shared one.
add_library(qwen_program_options INTERFACE)
target_link_options(qwen_program_options INTERFACE -Wl,--exclude-libs,ALL)
if(QWEN_SANITIZER STREQUAL "")
    target_link_options(qwen_program_options INTERFACE -static-libstdc++ -static-libgcc)
endif()

# For a library of many files: several of them are compiled as one, which reads the headers once (the build takes a third less). A file of such a
# library names what is its own so that its neighbours can stand beside it. The presets asan, tsan and fuzz compile each file alone, which finds a
# missing #include.
option(QWEN_UNITY "Compile the files of the large libraries in groups" ON)
function(qwen_compile_in_groups target)
    if(QWEN_UNITY)
        set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    endif()
endfunction()
