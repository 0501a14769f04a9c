//! Answers every request with a row from the database.

use std::env;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_postgres::{Config, NoTls, Row};

/// What a handler gives: JSON, or an error that the database is to blame for.
type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

struct App {
    database: Config,
    environment: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = App {
        database: env::var("DATABASE_URL")?.parse()?,
        environment: env::var("ENVIRONMENT")?,
    };
    let router = Router::new()
        .route("/", get(greeting))
        .route("/health", get(health))
        .with_state(Arc::new(app));
    let listener = TcpListener::bind("0.0.0.0:8000").await?;
    println!("listening on port 8000");
    // As process 1 of a container it gets no default action for the signal of a stop.
    let mut stop = signal(SignalKind::terminate())?;
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            stop.recv().await;
        })
        .await?;
    Ok(())
}

async fn greeting(State(app): State<Arc<App>>) -> Answer {
    let sql = "SELECT message, current_database()::text FROM greetings ORDER BY id LIMIT 1";
    let row = query_one(&app, sql).await?;
    Ok(Json(json!({
        "message": row.get::<_, String>(0),
        "environment": app.environment,
        "database": row.get::<_, String>(1),
    })))
}

async fn health(State(app): State<Arc<App>>) -> Answer {
    query_one(&app, "SELECT 1").await?;
    Ok(Json(json!({ "healthy": true })))
}

/// One row, on a connection of its own.
async fn query_one(app: &App, sql: &str) -> Result<Row, (StatusCode, Json<Value>)> {
    let asking = async {
        let (client, connection) = app.database.connect(NoTls).await?;
        tokio::spawn(connection);
        client.query_one(sql, &[]).await
    };
    asking.await.map_err(|error| {
        eprintln!("database: {error}");
        let fault = json!({ "error": "the database does not answer" });
        (StatusCode::SERVICE_UNAVAILABLE, Json(fault))
    })
}
