/* Types of LiteRT's asynchronous execution, which the library does not have. */
#ifndef TENSORFLOW_LITE_CORE_ASYNC_C_TYPES_H_
#define TENSORFLOW_LITE_CORE_ASYNC_C_TYPES_H_

typedef struct TfLiteAsyncKernel TfLiteAsyncKernel;

#endif
