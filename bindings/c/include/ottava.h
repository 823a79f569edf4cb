/*
 * What Ottava has beside LiteRT's C API: instruction sets, a cache and packed models, plans that several interpreters share, ends of
 * runs, and the time of each layer. Only libottava.so and libottava.a have these functions.
 *
 * What tensorflow/lite/c/c_api.h says of pointers, indices, threads and errors holds here, too.
 */
#ifndef OTTAVA_H_
#define OTTAVA_H_

#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/c_api_experimental.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct OttavaPlan OttavaPlan;
typedef struct OttavaCancel OttavaCancel;

TFL_CAPI_EXPORT extern const char* OttavaVersion(void);

/* ---- Options. */

/* An instruction set by its name, such as "avx2"; NULL for the best of this CPU. An error where the CPU lacks it. */
TFL_CAPI_EXPORT extern TfLiteStatus OttavaInterpreterOptionsSetIsa(TfLiteInterpreterOptions* options, const char* name);
/* A folder that keeps packed weights for the next start, NULL for none; at most so many bytes, 0 for the default. */
TFL_CAPI_EXPORT extern TfLiteStatus OttavaInterpreterOptionsSetCache(TfLiteInterpreterOptions* options,
                                                                     const char* folder, uint64_t limit_bytes);

/* ---- Plans: packed weights that interpreters share, each of which is for one thread at a time. */

TFL_CAPI_EXPORT extern OttavaPlan* OttavaPlanCreate(const TfLiteModel* model, const TfLiteInterpreterOptions* options);
TFL_CAPI_EXPORT extern void OttavaPlanDelete(OttavaPlan* plan);
/* An interpreter that is resized gets a plan of its own. */
TFL_CAPI_EXPORT extern TfLiteInterpreter* OttavaPlanCreateInterpreter(const OttavaPlan* plan);
TFL_CAPI_EXPORT extern size_t OttavaPlanThreads(const OttavaPlan* plan);
TFL_CAPI_EXPORT extern size_t OttavaPlanPackedWeightBytes(const OttavaPlan* plan);
TFL_CAPI_EXPORT extern size_t OttavaPlanArenaBytes(const OttavaPlan* plan);

/* ---- Packed models: TfLiteModelCreateFromFile takes them. */

TFL_CAPI_EXPORT extern TfLiteStatus OttavaPlanSave(const OttavaPlan* plan, const char* path);
/* Compares all of a packed model with its checksums. */
TFL_CAPI_EXPORT extern TfLiteStatus OttavaModelCheckPacked(const TfLiteModel* model);

/* ---- Ends of runs. A run that is ended answers kTfLiteCancelled; outputs hold anything then. Once cancelled, it stays so. */

TFL_CAPI_EXPORT extern OttavaCancel* OttavaCancelCreate(void);
/* Runs with it end so long after this call. */
TFL_CAPI_EXPORT extern OttavaCancel* OttavaCancelCreateWithTimeout(uint64_t nanoseconds);
/* From any thread, also from a signal handler. */
TFL_CAPI_EXPORT extern void OttavaCancelCancel(const OttavaCancel* cancel);
TFL_CAPI_EXPORT extern void OttavaCancelDelete(OttavaCancel* cancel);
TFL_CAPI_EXPORT extern TfLiteStatus OttavaInterpreterInvokeWith(TfLiteInterpreter* interpreter,
                                                                const OttavaCancel* cancel);

/* ---- The last run, layer by layer. Texts are the interpreter's, until tensors are allocated anew. */

TFL_CAPI_EXPORT extern size_t OttavaSessionProfileLayerCount(const TfLiteInterpreter* interpreter);
TFL_CAPI_EXPORT extern uint64_t OttavaSessionProfileTotalNanoseconds(const TfLiteInterpreter* interpreter);
TFL_CAPI_EXPORT extern const char* OttavaSessionProfileLayerName(const TfLiteInterpreter* interpreter, size_t layer);
TFL_CAPI_EXPORT extern const char* OttavaSessionProfileLayerKernel(const TfLiteInterpreter* interpreter, size_t layer);
TFL_CAPI_EXPORT extern const char* OttavaSessionProfileLayerIsa(const TfLiteInterpreter* interpreter, size_t layer);
TFL_CAPI_EXPORT extern uint64_t OttavaSessionProfileLayerMacs(const TfLiteInterpreter* interpreter, size_t layer);
TFL_CAPI_EXPORT extern uint64_t OttavaSessionProfileLayerNanoseconds(const TfLiteInterpreter* interpreter, size_t layer);
/* Summed over the threads. */
TFL_CAPI_EXPORT extern uint64_t OttavaSessionProfileLayerBusyNanoseconds(const TfLiteInterpreter* interpreter,
                                                                         size_t layer);

#ifdef __cplusplus
}
#endif

#endif
