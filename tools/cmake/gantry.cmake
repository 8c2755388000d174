# What every target of Gantry has in common. One target per folder; sources are found by name, so that
# adding a file needs no edit here.

set(GANTRY_SANITIZE "" CACHE STRING "Value for -fsanitize=, empty for none")
option(GANTRY_WERROR "Treat warnings as errors" ON)

find_program(GANTRY_CCACHE ccache)
if(GANTRY_CCACHE)
  # Precompiled headers are only cached with this sloppiness (ccache manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${GANTRY_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${GANTRY_CCACHE})
endif()

add_library(gantry_options INTERFACE)
target_include_directories(gantry_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(gantry_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<BOOL:${GANTRY_WERROR}>:-Werror>
  # GCC 12 reports these two falsely inside the standard library at -O2 and with sanitizers.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-restrict>)
target_compile_definitions(gantry_options INTERFACE _FILE_OFFSET_BITS=64 GANTRY_VERSION="${PROJECT_VERSION}")
if(GANTRY_SANITIZE)
  target_compile_options(gantry_options INTERFACE -fsanitize=${GANTRY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(gantry_options INTERFACE -fsanitize=${GANTRY_SANITIZE})
else()
  target_compile_options(gantry_options INTERFACE -fstack-protector-strong)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(gantry_options INTERFACE -fpch-instantiate-templates)
endif()

# Sources that share most of what they include are compiled several at a time: what is parsed, instantiated and generated
# for all of them is so once. clang-tidy reads what changed file by file, so that none lives on another's includes.
option(GANTRY_UNITY "Compile several sources of a target at a time" ON)

# The target's sources by the dozen, or so many as said.
function(gantry_batches target size)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${GANTRY_UNITY} UNITY_BUILD_BATCH_SIZE ${size})
  # In a batch GCC takes every file's unnamed namespace for that of a header, and sees further into strings (PR 105651).
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage -Wno-stringop-overflow -Wno-array-bounds>)
endfunction()

# The sources of each actor together, all others alone: NAME_*.cpp and NAME.cpp for each of the names.
function(gantry_batch_by_name target)
  get_target_property(sources ${target} SOURCES)
  foreach(name ${ARGN})
    set(these ${sources})
    list(FILTER these INCLUDE REGEX "/${name}[_.][^/]*$")
    set_source_files_properties(${these} PROPERTIES UNITY_GROUP ${name})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${GANTRY_UNITY} UNITY_BUILD_MODE GROUP)
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# The sources of each folder together, 16 at a time: names in unnamed namespaces are one folder's alone.
function(gantry_batch_by_folder target)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    file(RELATIVE_PATH folder ${CMAKE_CURRENT_SOURCE_DIR} ${source})
    get_filename_component(folder ${folder} DIRECTORY)
    string(MAKE_C_IDENTIFIER "in_${folder}" folder)
    list(APPEND ${folder} ${source})
    list(LENGTH ${folder} count)
    math(EXPR batch "(${count} - 1) / 16")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${batch})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${GANTRY_UNITY} UNITY_BUILD_MODE GROUP)
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage -Wno-stringop-overflow -Wno-array-bounds>)
endfunction()

# gantry_library(NAME [SOURCES globs...] [LINK targets...] [PCH headers...] [PCH_OF target])
# PCH_OF: the precompiled header of a target that is compiled with the same options.
function(gantry_library name)
  cmake_parse_arguments(arg "" "PCH_OF" "SOURCES;LINK;PCH" ${ARGN})
  if(NOT arg_SOURCES)
    set(arg_SOURCES *.cpp)
  endif()
  list(TRANSFORM arg_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  file(GLOB sources CONFIGURE_DEPENDS ${arg_SOURCES})
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC gantry_options ${arg_LINK})
  if(arg_PCH)
    target_precompile_headers(${name} PRIVATE ${arg_PCH})
  elseif(arg_PCH_OF)
    target_precompile_headers(${name} REUSE_FROM ${arg_PCH_OF})
  endif()
endfunction()

# gantry_program(NAME SOURCES globs... LINK targets...)
function(gantry_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;PCH" ${ARGN})
  list(TRANSFORM arg_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  file(GLOB sources CONFIGURE_DEPENDS ${arg_SOURCES})
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE gantry_options ${arg_LINK})
  if(arg_PCH)
    target_precompile_headers(${name} PRIVATE ${arg_PCH})
  endif()
endfunction()

# gantry_test(NAME LABEL label SOURCES globs... LINK targets...): a Catch2 program. Cases tagged [root] become a
# ctest of their own with the label "root", so that `ctest -L unit` runs anywhere.
function(gantry_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;LINK;PCH" ${ARGN})
  list(TRANSFORM arg_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  file(GLOB sources CONFIGURE_DEPENDS ${arg_SOURCES})
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE gantry_options gantry_test_main ${arg_LINK})
  # What is tested is optimized; the tests need not be, and compile in half the time.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/catch.hpp ${arg_PCH})
  add_test(NAME ${name} COMMAND ${name} "~[root]")
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 300)
  add_test(NAME ${name}_root COMMAND ${name} "[root]")
  set_tests_properties(${name}_root PROPERTIES LABELS root TIMEOUT 900 RUN_SERIAL ON) # real containers, sanitized, on slow hosts
endfunction()
