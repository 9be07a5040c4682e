#pragma once

#include "litert.h"

namespace larq_focal {

// Compares the structures of the running LiteRT with those declared in litert.h.
//
// Every tensor and node of the graph must make sense when read through our declarations: known types, sizes that
// agree with the shapes, indices within bounds. A LiteRT with another layout fails this on its first tensor.
//
// Throws Error.
void check_layout(litert::Context* context);

}  // namespace larq_focal
