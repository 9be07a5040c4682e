// The few C structures of LiteRT (formerly TensorFlow Lite) that an external delegate touches. No package brings
// LiteRT's headers, so they are declared here after tflite/core/c/common.h of https://github.com/google-ai-edge/LiteRT;
// the names are shortened. `check_layout` in litert_check.h compares them with the LiteRT that loads us.
#pragma once

#include <cstddef>
#include <cstdint>

namespace litert {

enum Status : int { kOk = 0, kError = 1 };
enum TensorType : int { kNoType = 0, kFloat32 = 1, kInt32 = 2, kBool = 6, kInt8 = 9 };
enum Allocation : int { kMappedReadOnly = 1, kPersistentReadOnly = 5 };
enum BuiltinOperator : int {
  kAdd = 0,
  kAveragePool2d = 1,
  kConcatenation = 2,
  kConv2d = 3,
  kDepthwiseConv2d = 4,
  kMaxPool2d = 17,
  kMul = 18,
  kCustom = 32,
  kPad = 34,
  kPrelu = 54
};
enum DelegateFlags : int64_t { kAllowDynamicTensors = 1 };
enum PaddingKind : int { kSamePadding = 1, kValidPadding = 2 };
constexpr int kOptionalTensor = -1;

struct IntArray {
  int size;
  int data[];
};

struct Tensor {
  TensorType type;
  void* data;
  IntArray* dims;
  struct {
    float scale;
    int zero_point;
  } params;
  Allocation allocation_type;
  size_t bytes;
  const void* allocation;
  const char* name;
  struct Delegate* delegate;
  int buffer_handle;
  bool data_is_stale;
  bool is_variable;
  struct {
    int type;
    void* params;
  } quantization;
  void* sparsity;
  const IntArray* dims_signature;
};

struct Node {
  IntArray* inputs;
  IntArray* outputs;
  IntArray* intermediates;
  IntArray* temporaries;
  void* user_data;
  void* builtin_data;
  const void* custom_initial_data;
  int custom_initial_data_size;
  struct Delegate* delegate;
};

struct Context;

struct Registration {
  void* (*init)(Context*, const char* buffer, size_t length);
  void (*free)(Context*, void* user_data);
  Status (*prepare)(Context*, Node*);
  Status (*invoke)(Context*, Node*);
  const char* (*profiling_string)(const Context*, const Node*);
  int builtin_code;
  const char* custom_name;
  int version;
  void* unused[3];
};

struct Context {
  size_t tensors_size;
  Status (*GetExecutionPlan)(Context*, IntArray** plan);
  Tensor* tensors;
  void* impl;
  Status (*ResizeTensor)(Context*, Tensor*, IntArray* new_size);  // takes ownership of new_size, which is malloc'ed
  void (*ReportError)(Context*, const char* format, ...);
  Status (*AddTensors)(Context*, int count, int* first_index);
  Status (*GetNodeAndRegistration)(Context*, int index, Node**, Registration**);
  Status (*ReplaceNodeSubsetsWithDelegateKernels)(Context*, Registration, const IntArray* nodes, struct Delegate*);
  int recommended_num_threads;
};

struct Delegate {
  void* data;
  Status (*Prepare)(Context*, Delegate*);
  void* CopyFromBufferHandle;
  void* CopyToBufferHandle;
  void* FreeBufferHandle;
  int64_t flags;
  void* opaque_delegate_builder;
};

struct DelegateParams {
  Delegate* delegate;
  IntArray* nodes_to_replace;
  IntArray* input_tensors;
  IntArray* output_tensors;
};

struct ConvolutionParams {
  int padding;
  int stride_width;
  int stride_height;
  int activation;
  int dilation_width;
  int dilation_height;
};

struct DepthwiseParams {
  int padding;
  int stride_width;
  int stride_height;
  int depth_multiplier;
  int activation;
  int dilation_width;
  int dilation_height;
};

// The parameters of ADD and MUL begin with the fused activation.
struct ElementwiseParams {
  int activation;
};

struct ConcatenationParams {
  int axis;
  int activation;
};

struct PoolParams {
  int padding;
  int stride_width;
  int stride_height;
  int filter_width;
  int filter_height;
  int activation;
};

static_assert(sizeof(void*) != 8 ||
                  (sizeof(Tensor) == 112 && offsetof(Tensor, bytes) == 40 && offsetof(Tensor, dims_signature) == 104 &&
                   sizeof(Registration) == 88 && offsetof(Registration, builtin_code) == 40 && sizeof(Delegate) == 56 &&
                   offsetof(Context, GetNodeAndRegistration) == 56 &&
                   offsetof(Context, recommended_num_threads) == 72 && offsetof(Node, custom_initial_data) == 48),
              "the compiler lays the structures of LiteRT out in another way than LiteRT's own does");

}  // namespace litert
