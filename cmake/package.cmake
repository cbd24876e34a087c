# cpack: a Debian package of the install tree.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME qcc)
set(CPACK_PACKAGE_CONTACT "qcc maintainers <maintainers@qcc.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "quantizing ahead-of-time compiler for neural networks")
set(CPACK_PACKAGE_DESCRIPTION "Reads an exported model (ONNX, PyTorch, TensorFlow Lite), turns it into int8
arithmetic and writes one relocatable object file and one header: no run-time
library, no allocation, no libc.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3")               # qcc-emulate
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "lld-19, qemu-user, cmake") # runner programs, qcc_add_model
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_STRIP_FILES ON)
include(CPack)
