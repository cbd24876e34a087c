# find_package(Qcc): the function qcc_add_model, the tools (Qcc::qcc, Qcc::qir-opt, Qcc::qir-run) and the
# headers for plugins (Qcc::plugin).  COMPONENTS libraries: what the tools are made of, too (Qcc::qir,
# Qcc::qireval, Qcc::qirio, Qcc::qirpasses, Qcc::qirfrontend, Qcc::qircodegen), for programs that read or
# transform models themselves; that needs the libraries that qcc was built with.
include("${CMAKE_CURRENT_LIST_DIR}/QccTargets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/QccAddModel.cmake")

if("libraries" IN_LIST Qcc_FIND_COMPONENTS)
  include(CMakeFindDependencyMacro)
  find_dependency(PkgConfig)
  find_dependency(PNG)
  find_dependency(JPEG)
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_dependency(Threads)
  pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
  pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
  pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
  include("${CMAKE_CURRENT_LIST_DIR}/QccLibraries.cmake")
  set(Qcc_libraries_FOUND TRUE)
endif()

foreach(component IN LISTS Qcc_FIND_COMPONENTS)
  if(Qcc_FIND_REQUIRED_${component} AND NOT Qcc_${component}_FOUND)
    set(Qcc_FOUND FALSE)
    set(Qcc_NOT_FOUND_MESSAGE "Qcc has no component '${component}'; expected libraries")
  endif()
endforeach()
