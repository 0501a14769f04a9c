//! `build`: the images that poststack ships and those that a project describes itself, each after
//! those it is made from, several at once.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{LocalBoxFuture, try_join_all};
use tokio::sync::{OnceCell, Semaphore};

use super::failure::{Failure, Kind};
use super::images::{BuildLogs, bases, build_image, current_id, unknown_built_in};
use super::own_images::{DATABASE, check_ways, own_database_image, own_images};
use crate::assets;
use crate::config::SHIPPED_VERSION;
use crate::config::model::{Config, PostgresImage};
use crate::diagnostic::nearest;
use crate::engine::Engine;
use crate::event::{Listener, Seconds};
use crate::plan::desired::BUILT_IN_PREFIX;
use crate::plan::spec::ImageBuild;
use crate::settings::Settings;

/// Most builds at the same time; each of them uses several processors by itself.
const AT_ONCE: usize = 3;

/// What `poststack build` is asked for.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// References or last parts of them; empty for all.
    pub images: Vec<String>,
    pub no_cache: bool,
}

/// One image that `poststack build` made.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BuiltImage {
    pub image: String,
    pub seconds: Seconds,
}

/// An image that can be built.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Its first tag; an image of the project without `:latest`.
    pub reference: String,
    /// What it is called after `build`, besides its reference.
    names: Vec<String>,
    /// Whether it belongs to the project.
    pub is_own: bool,
    /// Whether it is built only for those who name it.
    on_demand: bool,
    build: ImageBuild,
    /// References of the recipes that come first.
    needs: Vec<String>,
}

impl Recipe {
    fn shipped(image: assets::BuiltInImage) -> Self {
        let short = image.reference.trim_start_matches(BUILT_IN_PREFIX);
        let folder = short.split(':').next().unwrap_or(short);
        Self {
            names: vec![short.to_owned(), folder.to_owned()],
            is_own: false,
            on_demand: image.on_demand,
            needs: image.base.map(str::to_owned).into_iter().collect(),
            reference: image.reference,
            build: image.build,
        }
    }

    /// What it is called in short, without a tag.
    #[must_use]
    pub fn short_name(&self) -> Option<&str> {
        let mut names = self.names.iter().map(String::as_str);
        names.find(|name| !name.contains(':'))
    }

    fn own(reference: String, names: Vec<String>, build: ImageBuild) -> Self {
        Self {
            reference,
            names,
            is_own: true,
            on_demand: false,
            build,
            needs: Vec::new(),
        }
    }

    fn is_called(&self, name: &str) -> bool {
        self.reference == name || self.names.iter().any(|one| one == name)
    }
}

/// The images that poststack ships.
fn shipped_recipes() -> Vec<Recipe> {
    let images = assets::built_in_images().into_iter();
    images.map(Recipe::shipped).collect()
}

/// The images of a project: base, database, then each of its own. An image of the database that the
/// project describes itself stands in place of the shipped one; it is built for every version that an
/// environment of `config` asks for.
///
/// # Errors
/// A folder that cannot be read or named, or images that are made from each other.
pub fn project_recipes(
    settings: &Settings,
    config: Option<&Config>,
) -> Result<Vec<Recipe>, Failure> {
    let mut databases = Vec::new();
    for version in versions(config) {
        if let Some(own) = own_database_image(settings, version)? {
            let reference = own.build.tags.first().cloned().unwrap_or_default();
            let names = vec![DATABASE.to_owned(), format!("{DATABASE}:{version}")];
            databases.push(Recipe::own(reference, names, own.build));
        }
    }
    let own = own_images(settings)?;
    check_ways(&own)?;
    let is_replaced = |recipe: &Recipe| recipe.is_called(DATABASE) && !databases.is_empty();
    let mut recipes: Vec<Recipe> = shipped_recipes();
    recipes.retain(|recipe| !is_replaced(recipe));
    recipes.extend(databases);
    recipes.extend(own.iter().map(|image| {
        let reference = image.reference.clone();
        let names = vec![image.name.clone(), format!("{reference}:latest")];
        Recipe::own(reference, names, image.build.clone())
    }));
    // What a Dockerfile starts from and nothing else asks for, such as an older image of the database.
    let known = |recipes: &[Recipe], base: &str| recipes.iter().any(|one| is_meant(one, base));
    let all: Vec<String> = { recipes.iter().filter(|one| one.is_own) }
        .flat_map(|one| bases(&one.build))
        .filter(|base| base.starts_with(BUILT_IN_PREFIX))
        .collect();
    for base in all {
        if !known(&recipes, &base) {
            let image = assets::built_in_image(&base).ok_or_else(|| unknown_built_in(&base))?;
            recipes.push(Recipe {
                names: Vec::new(),
                ..Recipe::shipped(image)
            });
        }
    }
    let whole = recipes.clone();
    for recipe in recipes.iter_mut().filter(|one| one.is_own) {
        for base in bases(&recipe.build) {
            let needed = whole.iter().filter(|one| is_meant(one, &base));
            recipe.needs.extend(needed.map(|one| one.reference.clone()));
        }
    }
    Ok(recipes)
}

/// Whether `base` of a Dockerfile is this image.
fn is_meant(recipe: &Recipe, base: &str) -> bool {
    let plain = |text: &str| {
        let text = text.strip_suffix(":latest").unwrap_or(text);
        text.strip_prefix("localhost/").unwrap_or(text).to_owned()
    };
    plain(&recipe.reference) == plain(base)
}

/// The versions of PostgreSQL that environments run in containers of their own.
fn versions(config: Option<&Config>) -> BTreeSet<u16> {
    let environments = config.iter().flat_map(|config| &config.environments);
    let versions = environments.filter_map(|one| match (&one.postgres.image, &one.postgres.host) {
        (PostgresImage::Version(version), None) => Some(*version),
        _ => None,
    });
    let versions: BTreeSet<u16> = versions.collect();
    match versions.is_empty() {
        true => BTreeSet::from([SHIPPED_VERSION]),
        false => versions,
    }
}

/// Builds those of `recipes` that are asked for, and first what they are made from.
///
/// # Errors
/// An unknown name, or the first build that failed; builds under way are given up then.
pub async fn build_images(
    engine: &Engine,
    (recipes, settings): (&[Recipe], &Settings),
    options: &BuildOptions,
    listener: Listener<'_>,
) -> Result<Vec<BuiltImage>, Failure> {
    for name in &options.images {
        if !recipes.iter().any(|recipe| recipe.is_called(name)) {
            return Err(unknown(name, recipes));
        }
    }
    let is_asked = |recipe: &Recipe| {
        (options.images.is_empty() && !recipe.on_demand)
            || options.images.iter().any(|name| recipe.is_called(name))
    };
    let bench = Bench {
        engine,
        listener,
        logs: BuildLogs::of(settings),
        jobs: { recipes.iter() }
            .map(|recipe| {
                let mut build = recipe.build.clone();
                let is_asked = is_asked(recipe);
                build.no_cache = options.no_cache && is_asked;
                let job = Job {
                    recipe,
                    build,
                    is_asked,
                    done: OnceCell::new(),
                };
                (recipe.reference.as_str(), job)
            })
            .collect(),
        places: Semaphore::new(AT_ONCE),
    };
    let asked = recipes.iter().filter(|recipe| is_asked(recipe));
    let work = asked.clone().map(|recipe| bench.make(&recipe.reference));
    try_join_all(work).await.map_err(|failure| *failure)?;
    let built = recipes.iter().filter_map(|recipe| {
        let seconds = (*bench.jobs.get(recipe.reference.as_str())?.done.get()?)?;
        let image = recipe.reference.clone();
        Some(BuiltImage { image, seconds })
    });
    Ok(built.collect())
}

fn unknown(name: &str, recipes: &[Recipe]) -> Failure {
    let names = recipes.iter().flat_map(|recipe| &recipe.names);
    let near = nearest(name, names.map(String::as_str));
    let all: Vec<&str> = recipes.iter().map(|one| one.reference.as_str()).collect();
    let failure = Failure::new(Kind::Usage, format!("There is no image `{name}` to build"));
    match near {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(format!("there are {}", all.join(", "))),
    }
}

/// The builds of one command.
struct Bench<'a> {
    engine: &'a Engine,
    listener: Listener<'a>,
    /// Those of the project, where there is one.
    logs: Option<BuildLogs>,
    /// By reference.
    jobs: BTreeMap<&'a str, Job<'a>>,
    /// Builds that may run at the same time.
    places: Semaphore,
}

struct Job<'a> {
    recipe: &'a Recipe,
    build: ImageBuild,
    /// Whether it is built even if it is there.
    is_asked: bool,
    /// Once it is there: how long the build took, if there was one.
    done: OnceCell<Option<Seconds>>,
}

impl Bench<'_> {
    /// Makes the image after those it needs, once, whoever asks for it.
    fn make<'s>(&'s self, reference: &'s str) -> LocalBoxFuture<'s, Result<(), Box<Failure>>> {
        Box::pin(async move {
            let Some(job) = self.jobs.get(reference) else {
                return Ok(());
            };
            let done = job.done.get_or_try_init(|| async {
                let needs = job.recipe.needs.iter();
                try_join_all(needs.map(|needed| self.make(needed))).await?;
                self.build(job).await
            });
            done.await.map(drop)
        })
    }

    async fn build(&self, job: &Job<'_>) -> Result<Option<Seconds>, Box<Failure>> {
        let is_shipped = !job.recipe.is_own && !job.is_asked;
        if is_shipped && current_id(self.engine, &job.build).await?.is_some() {
            return Ok(None);
        }
        // Closed by nobody.
        let _place = self.places.acquire().await.ok();
        let built = build_image(self.engine, &job.build, self.listener).await;
        let took = built.map_err(|failure| match &self.logs {
            Some(logs) => Box::new(logs.explained(*failure, &job.recipe.reference)),
            None => failure,
        })?;
        Ok(Some(Seconds(took)))
    }
}
