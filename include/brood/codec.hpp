#pragma once

// Turns values into bytes and back: brood::OutputArchive and brood::InputArchive, which a type's
// serialize() is called with, and the functions that encode arguments and results.
#include <brood/detail/codec/archive.hpp>
#include <brood/detail/codec/contiguous.hpp>
#include <brood/detail/codec/encode.hpp>
#include <brood/detail/codec/hash_tables.hpp>
#include <brood/detail/codec/pointers.hpp>
