# gRPC for C++ as Debian packages it: grpcpp::grpcpp, and the compiler's plugin in GRPC_CPP_PLUGIN. The package's own
# CMake file asks for the development files of all that gRPC was built with; a program that uses it needs none of them.
find_path(GRPCPP_INCLUDE_DIR grpcpp/grpcpp.h)
find_library(GRPCPP_LIBRARY grpc++)
find_library(GRPC_LIBRARY grpc)
find_library(GPR_LIBRARY gpr)
find_library(ABSL_SYNCHRONIZATION_LIBRARY absl_synchronization) # its headers lock by Abseil's mutex
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(grpcpp REQUIRED_VARS GRPCPP_LIBRARY GRPC_LIBRARY GPR_LIBRARY
  ABSL_SYNCHRONIZATION_LIBRARY GRPCPP_INCLUDE_DIR GRPC_CPP_PLUGIN)

if(grpcpp_FOUND AND NOT TARGET grpcpp::grpcpp)
  find_package(Protobuf REQUIRED)
  add_library(grpcpp::grpcpp INTERFACE IMPORTED)
  target_include_directories(grpcpp::grpcpp INTERFACE ${GRPCPP_INCLUDE_DIR})
  target_link_libraries(grpcpp::grpcpp INTERFACE ${GRPCPP_LIBRARY} ${GRPC_LIBRARY} ${GPR_LIBRARY}
    ${ABSL_SYNCHRONIZATION_LIBRARY} protobuf::libprotobuf)
endif()
