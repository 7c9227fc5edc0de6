/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UI_SCENES_H
#define TESTS_UI_SCENES_H

#include "tests/app/stage.h"

/**
 * @file scenes.h  A day at a reception: the states that screens are drawn of.
 *
 * Threads: UI.
 */

struct scene {
	const char *name;
	void (*play)(struct stage *s);
};

/** Ends with a row without name */
extern const struct scene scenes[];

/** Open the stage, play the scene; stage_close() when done with it */
void scene_play(struct stage *s, const struct scene *scene);

#endif
