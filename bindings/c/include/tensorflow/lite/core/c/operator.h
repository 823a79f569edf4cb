/* Operators of programs: a type and nothing else, as the library runs its own kernels only. */
#ifndef TENSORFLOW_LITE_CORE_C_OPERATOR_H_
#define TENSORFLOW_LITE_CORE_C_OPERATOR_H_

#include "tensorflow/lite/core/c/c_api_types.h"

#endif
