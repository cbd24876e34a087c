# qcc_add_model(<target> MODEL <file>
#               [PREFIX <name>]            prefix of C names and name of the header (default: <target>)
#               [CALIBRATE [INPUT=]<path>...]  samples to quantize on: .npy, .npz or a folder
#               [LEVELS <level>...]        instruction set levels: all, native, baseline or names
#               [TARGET <triple>]          default: what CMake compiles for
#               [FLAGS <option>...]        more options of qcc
#               [HEADER_VAR <variable>]    gets the path of the header
#               [DEPENDS <file or target>...])
#
# A static library of one object.  Who links it finds its header; it is compiled again when the model,
# a sample or any other file that qcc read changes.  Relative paths are those of the calling folder.

# The qcc that runs on this machine.  That of the package, unless the package was found in the root of a
# cross tool chain; then one on PATH.
function(_qcc_executable result)
  if(NOT QCC_EXECUTABLE)
    get_target_property(own Qcc::qcc LOCATION)
    execute_process(COMMAND ${own} -version OUTPUT_QUIET ERROR_QUIET RESULT_VARIABLE code)
    if(NOT code EQUAL 0)
      find_program(own_path NAMES qcc NO_CMAKE_FIND_ROOT_PATH NO_CACHE)
      if(NOT own_path)
        message(FATAL_ERROR "qcc_add_model: '${own}' does not run here and there is no qcc on PATH; "
          "install qcc for this machine or set QCC_EXECUTABLE")
      endif()
      set(own ${own_path})
    endif()
    set(QCC_EXECUTABLE ${own} CACHE FILEPATH "qcc that runs on this machine")
  endif()
  set(${result} ${QCC_EXECUTABLE} PARENT_SCOPE)
endfunction()

# The triple of what CMake compiles for; empty: this machine, where qcc knows best.
function(_qcc_triple result)
  set(triple "")
  foreach(language CXX C)
    if(CMAKE_${language}_COMPILER_TARGET)
      set(triple ${CMAKE_${language}_COMPILER_TARGET})
    endif()
  endforeach()
  if(CMAKE_CROSSCOMPILING AND NOT triple)
    string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" processor)
    set(synonym_amd64 x86_64)
    set(synonym_arm64 aarch64)
    if(DEFINED synonym_${processor})
      set(processor ${synonym_${processor}})
    endif()
    set(system_Linux linux-gnu)
    set(system_Generic none-elf)
    if(NOT processor OR NOT DEFINED system_${CMAKE_SYSTEM_NAME})
      message(FATAL_ERROR "qcc_add_model: no triple known for system '${CMAKE_SYSTEM_NAME}', processor "
        "'${CMAKE_SYSTEM_PROCESSOR}'; expected TARGET <triple>")
    endif()
    set(triple ${processor}-${system_${CMAKE_SYSTEM_NAME}})
  endif()
  set(${result} "${triple}" PARENT_SCOPE)
endfunction()

# "image=samples" to -calibrate=image=/here/samples, and the path alone.
function(_qcc_calibrate item option path)
  set(input "")
  if(item MATCHES "^([^=/]+=)(.*)$")
    set(input ${CMAKE_MATCH_1})
    set(item ${CMAKE_MATCH_2})
  endif()
  get_filename_component(absolute "${item}" ABSOLUTE)
  set(${option} "-calibrate=${input}${absolute}" PARENT_SCOPE)
  set(${path} "${absolute}" PARENT_SCOPE)
endfunction()

# A static library of an object that is there already: CMake wants a language for it.
function(_qcc_library target object header)
  set_source_files_properties(${object} ${header} PROPERTIES GENERATED TRUE)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT TRUE)
  add_library(${target} STATIC ${object} ${header})
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("C" IN_LIST languages)
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
  else()
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  endif()
  get_filename_component(folder ${header} DIRECTORY)
  target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${folder}>)
endfunction()

function(qcc_add_model target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MODEL;PREFIX;TARGET;HEADER_VAR"
    "CALIBRATE;LEVELS;FLAGS;DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "qcc_add_model(${target}): unexpected '${arg_UNPARSED_ARGUMENTS}'; expected MODEL, "
      "PREFIX, CALIBRATE, LEVELS, TARGET, FLAGS, HEADER_VAR or DEPENDS")
  endif()
  if(NOT arg_MODEL)
    message(FATAL_ERROR "qcc_add_model(${target}): no model; expected MODEL <file>")
  endif()
  _qcc_executable(qcc)
  get_filename_component(model "${arg_MODEL}" ABSOLUTE)
  string(MAKE_C_IDENTIFIER "${target}" prefix)
  if(arg_PREFIX)
    set(prefix ${arg_PREFIX})
  endif()
  set(options -name=${prefix})
  if(NOT arg_TARGET)
    _qcc_triple(arg_TARGET)
  endif()
  if(arg_TARGET)
    list(APPEND options -target=${arg_TARGET})
  endif()
  if(arg_LEVELS)
    string(REPLACE ";" "," levels "${arg_LEVELS}")
    list(APPEND options -mlevel=${levels})
  endif()
  foreach(item IN LISTS arg_CALIBRATE)
    _qcc_calibrate(${item} option path)
    list(APPEND options ${option})
    list(APPEND arg_DEPENDS ${path})
  endforeach()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.qcc)
  file(MAKE_DIRECTORY ${folder})
  set(output ${folder}/${prefix})
  add_custom_command(OUTPUT ${output}.o ${output}.h
    COMMAND ${qcc} ${model} ${options} ${arg_FLAGS} -MD -o ${output}.o
    DEPFILE ${output}.d
    DEPENDS ${model} ${qcc} ${arg_DEPENDS}
    COMMENT "Compiling model ${target}"
    VERBATIM)
  _qcc_library(${target} ${output}.o ${output}.h)
  if(arg_HEADER_VAR)
    set(${arg_HEADER_VAR} ${output}.h PARENT_SCOPE)
  endif()
endfunction()
