#pragma once
#define H5_USE_110_API 1
#include <hdf5.h>

// The open flags, property-list classes and predefined types are macros that call H5open() before
// they read a global variable: Swift imports neither such macros nor unprotected C globals.
static inline hid_t pc_hdf5_file_access_class(void) { return H5P_FILE_ACCESS; }
static inline unsigned pc_hdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline hid_t pc_hdf5_i64le(void) { return H5T_STD_I64LE; }
static inline hid_t pc_hdf5_f64le(void) { return H5T_IEEE_F64LE; }
