/* The experimental part of LiteRT's C API, run by Ottava. What c_api.h says of pointers and indices holds here, too. */
#ifndef TENSORFLOW_LITE_CORE_C_C_API_EXPERIMENTAL_H_
#define TENSORFLOW_LITE_CORE_C_C_API_EXPERIMENTAL_H_

#include "tensorflow/lite/core/c/c_api.h"
#include "tensorflow/lite/core/c/common.h"

#ifdef __cplusplus
extern "C" {
#endif

struct TfLiteTelemetryProfilerStruct;

/* ---- Variables: models that have any are refused, so there are none. */

TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterResetVariableTensors(TfLiteInterpreter* interpreter);
TFL_CAPI_EXPORT extern int32_t TfLiteInterpreterGetVariableTensorCount(const TfLiteInterpreter* interpreter);
TFL_CAPI_EXPORT extern TfLiteTensor* TfLiteInterpreterGetVariableTensor(const TfLiteInterpreter* interpreter,
                                                                        int32_t variable_index);

/* ---- Operators of the program's: no interpreter can be made with options that have any. */

typedef const TfLiteRegistration* (*TfLiteFindBuiltinOp)(void* user_data, TfLiteBuiltinOperator op, int version);
typedef const TfLiteRegistration* (*TfLiteFindCustomOp)(void* user_data, const char* op, int version);
typedef const TfLiteOperator* (*TfLiteFindBuiltinOperator)(void* user_data, int op, int version);
typedef const TfLiteOperator* (*TfLiteFindCustomOperator)(void* user_data, const char* op, int version);

TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsAddBuiltinOp(TfLiteInterpreterOptions* options,
                                                                 TfLiteBuiltinOperator op,
                                                                 const TfLiteRegistration* registration,
                                                                 int32_t min_version, int32_t max_version);
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsAddCustomOp(TfLiteInterpreterOptions* options, const char* name,
                                                                const TfLiteRegistration* registration,
                                                                int32_t min_version, int32_t max_version);
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsSetOpResolver(TfLiteInterpreterOptions* options,
                                                                  TfLiteFindBuiltinOp find_builtin_op,
                                                                  TfLiteFindCustomOp find_custom_op, void* user_data);
/* The callbacks of V1, V2 and V3 return older registrations. */
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsSetOpResolverV1(TfLiteInterpreterOptions* options,
                                                                    TfLiteFindBuiltinOp find_builtin_op,
                                                                    TfLiteFindCustomOp find_custom_op,
                                                                    void* user_data);
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsSetOpResolverV2(TfLiteInterpreterOptions* options,
                                                                    TfLiteFindBuiltinOp find_builtin_op,
                                                                    TfLiteFindCustomOp find_custom_op,
                                                                    void* user_data);
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsSetOpResolverV3(TfLiteInterpreterOptions* options,
                                                                    TfLiteFindBuiltinOp find_builtin_op,
                                                                    TfLiteFindCustomOp find_custom_op,
                                                                    void* user_data);
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsSetOpResolverExternal(TfLiteInterpreterOptions* options,
                                                                          TfLiteFindBuiltinOperator find_builtin_op,
                                                                          TfLiteFindCustomOperator find_custom_op,
                                                                          void* user_data);
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsSetOpResolverExternalWithFallback(
    TfLiteInterpreterOptions* options, TfLiteFindBuiltinOperator find_builtin_op_external,
    TfLiteFindCustomOperator find_custom_op_external, TfLiteFindBuiltinOp find_builtin_op,
    TfLiteFindCustomOp find_custom_op, void* user_data);
/* Always NULL. */
TFL_CAPI_EXPORT extern TfLiteInterpreter* TfLiteInterpreterCreateWithSelectedOps(
    const TfLiteModel* model, const TfLiteInterpreterOptions* options);

/* ---- Delegates. XNNPACK's does nothing, others are kTfLiteDelegateError. These options do nothing. */

TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsSetUseNNAPI(TfLiteInterpreterOptions* options, bool enable);
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsSetEnableDelegateFallback(TfLiteInterpreterOptions* options,
                                                                              bool enable);
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterModifyGraphWithDelegate(const TfLiteInterpreter* interpreter,
                                                                             TfLiteDelegate* delegate);
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterSetBufferHandle(TfLiteInterpreter* interpreter,
                                                                     TfLiteTensor* tensor,
                                                                     TfLiteBufferHandle buffer_handle,
                                                                     TfLiteOpaqueDelegate* delegate);
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterGetBufferHandle(TfLiteInterpreter* interpreter, int tensor_index,
                                                                     TfLiteBufferHandle* buffer_handle,
                                                                     TfLiteOpaqueDelegate** delegate);
TFL_CAPI_EXPORT extern void TfLiteSetAllowBufferHandleOutput(const TfLiteInterpreter* interpreter,
                                                             bool allow_buffer_handle_output);
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterEnsureTensorDataIsReadable(TfLiteInterpreter* interpreter,
                                                                                int tensor_index);
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsSetTelemetryProfiler(TfLiteInterpreterOptions* options,
                                                                         struct TfLiteTelemetryProfilerStruct* profiler);

/* ---- Inputs and outputs: their tensors by index (-1 where there is none), and memory of the program's for them. */

TFL_CAPI_EXPORT extern int32_t TfLiteInterpreterGetInputTensorIndex(const TfLiteInterpreter* interpreter,
                                                                    int32_t input_index);
TFL_CAPI_EXPORT extern int32_t TfLiteInterpreterGetOutputTensorIndex(const TfLiteInterpreter* interpreter,
                                                                     int32_t output_index);
/* The memory has to outlive the interpreter. TfLiteInterpreterAllocateTensors takes it into use, and refuses it where it is too small
 * or where two overlap. Its address is a multiple of 64 unless the flags say that this is not to be checked. */
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterSetCustomAllocationForTensor(
    TfLiteInterpreter* interpreter, int tensor_index, const TfLiteCustomAllocation* allocation, int64_t flags);

/* ---- TfLiteInterpreterCancel for the interpreter of a runner. */

TFL_CAPI_EXPORT extern TfLiteStatus TfLiteSignatureRunnerCancel(TfLiteSignatureRunner* signature_runner);

#ifdef __cplusplus
}
#endif

#endif
