# What is installed besides the tools, so that the tree works wherever it is moved.  The build folder
# has the same shape: with build/bin on PATH, find_package(Qcc) finds the build.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(QCC_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Qcc)

# include/ of this folder belongs to library `name`; installed, all have one.
function(qcc_public_headers name)
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()

# What tool `name` prints with `option` becomes `file` below the build folder, and is installed.
function(qcc_print_file name option file)
  set(path ${CMAKE_BINARY_DIR}/${file})
  get_filename_component(folder ${path} DIRECTORY)
  get_filename_component(installed ${file} DIRECTORY)
  add_custom_command(OUTPUT ${path}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${name} ${option} ${ARGN} > ${path}
    DEPENDS ${name})
  target_sources(${name}-manual PRIVATE ${path})
  install(FILES ${path} DESTINATION ${installed})
endfunction()

# Manual page and completions of a tool, which it prints itself.
add_custom_target(manuals)
function(qcc_install_manual name)
  add_custom_target(${name}-manual ALL)
  add_dependencies(manuals ${name}-manual)
  qcc_print_file(${name} -print-man ${CMAKE_INSTALL_MANDIR}/man1/${name}.1.gz | gzip -9n)
  qcc_print_file(${name} -print-completion=bash
    ${CMAKE_INSTALL_DATADIR}/bash-completion/completions/${name})
  qcc_print_file(${name} -print-completion=zsh
    ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions/_${name})
endfunction()

# The CMake package: QccTargets has the tools and the headers for plugins, QccLibraries what the tools
# are made of.
function(qcc_install_cmake)
  add_library(plugin INTERFACE)
  foreach(headers ir ir/include passes/include)
    target_include_directories(plugin INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/${headers}>)
  endforeach()
  target_include_directories(plugin INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  install(TARGETS plugin EXPORT QccTargets)
  set(libraries qir qireval qirio qirpasses qirfrontend)
  if(QCC_WITH_LLVM)
    list(APPEND libraries qircodegen)
  endif()
  install(TARGETS ${libraries} EXPORT QccLibraries ARCHIVE)
  foreach(set QccTargets QccLibraries)
    install(EXPORT ${set} NAMESPACE Qcc:: DESTINATION ${QCC_CMAKE_DIR})
    export(EXPORT ${set} NAMESPACE Qcc:: FILE ${CMAKE_BINARY_DIR}/${QCC_CMAKE_DIR}/${set}.cmake)
  endforeach()
  set(files ${CMAKE_BINARY_DIR}/${QCC_CMAKE_DIR})
  configure_file(cmake/QccConfig.cmake ${files}/QccConfig.cmake COPYONLY)
  configure_file(cmake/QccAddModel.cmake ${files}/QccAddModel.cmake COPYONLY)
  write_basic_package_version_file(${files}/QccConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${files}/QccConfig.cmake ${files}/QccAddModel.cmake ${files}/QccConfigVersion.cmake
    DESTINATION ${QCC_CMAKE_DIR})
endfunction()

function(qcc_install_pkgconfig)
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" QCC_PC_PREFIX "${up}")
  configure_file(cmake/qcc.pc.in ${CMAKE_BINARY_DIR}/qcc.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/qcc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

# Last, when all targets are there.
function(qcc_install_package)
  if(QCC_WITH_LLVM)
    qcc_install_cmake()
    qcc_install_pkgconfig()
  endif()
  install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
  install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
  include(cmake/package.cmake)
endfunction()
