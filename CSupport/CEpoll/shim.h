/// Linux's epoll(7) and eventfd(2), which Swift's module of the C library leaves out.
#pragma once
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif
