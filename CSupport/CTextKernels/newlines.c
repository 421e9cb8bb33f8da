#include "textkernels.h"
